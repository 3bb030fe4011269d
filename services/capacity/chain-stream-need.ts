import { groupOf } from '../../catalog/consumer-group.ts';
import { ratesOf } from './chain-rates.ts';
import { costs } from './costs.ts';
import type { NetworkLoad } from './demand.ts';
import { partitionOf } from './murmur2.ts';
import { serversFor, targetUtilisation } from './need.ts';
import { partitionsAtATime } from './program.ts';

/** What the consumers of chain.blocks need. */
export interface ChainStreamNeed {
  readonly group: string;
  readonly partitions: number;
  readonly replicas: number;
  /** Of the time of the hottest partition, and of the mean one, with these partitions. */
  readonly hottest: number;
  readonly mean: number;
  /** The same with the partitions that the catalog has now. */
  readonly hottestNow: number;
  /** Networks on the partition that has most, with the catalog's partitions. */
  readonly networksOnOneNow: number;
}

/** Multiples of twelve: as many members as divide it have as many partitions each. */
const partitionChoices = [12, 24, 36, 48, 72, 96, 144, 192, 288, 384, 576, 768];

/**
 * A network's changes of a commit take the consumer `secondsOf` it; those of a partition follow one another. So there must be
 * partitions enough that the hottest, by the very hash of Kafka's clients, is busy for no more than the target, and members enough
 * for the batches in hand.
 */
export function chainStreamNeed(networks: readonly NetworkLoad[], partitionsNow: number): ChainStreamNeed {
  const busyOf = (partitions: number): number[] => busyPartitions(networks, partitions);
  const needed = partitionChoices.find(
    (partitions) => partitions >= partitionsNow && Math.max(...busyOf(partitions)) <= targetUtilisation,
  );
  const partitions = needed ?? 1000;
  const busy = busyOf(partitions);
  const total = busy.reduce((sum, one) => sum + one, 0);
  const { commits, txs } = ratesOf(networks);
  const cores = (commits * costs.stream.commitMs.value + txs * costs.stream.txMs.value) / 1000;
  const counts = Array.from({ length: partitionsNow }, () => 0);
  for (const { id } of networks) {
    const at = partitionOf(id, partitionsNow);
    counts[at] = (counts[at] ?? 0) + 1;
  }
  return {
    group: groupOf('stream-processor', 'chain.blocks'),
    partitions,
    replicas: Math.max(serversFor(total, partitionsAtATime), serversFor(cores)),
    hottest: Math.max(...busy),
    mean: total / partitions,
    hottestNow: Math.max(...busyOf(partitionsNow)),
    networksOnOneNow: Math.max(...counts),
  };
}

/** Of each partition, the share of the time in which its batches are in hand. */
export function busyPartitions(networks: readonly NetworkLoad[], partitions: number): number[] {
  const busy = Array.from({ length: partitions }, () => 0);
  for (const network of networks) {
    const at = partitionOf(network.id, partitions);
    const { commits } = ratesOf([network]);
    busy[at] = (busy[at] ?? 0) + commits * secondsOf(network);
  }
  return busy;
}

/**
 * From a batch in hand to its acknowledgement, with one network's commit in it. Statements follow one another, each on about a
 * core of the store, so that it takes as long as it costs.
 */
export function secondsOf(network: NetworkLoad): number {
  const { commits, txs } = ratesOf([network]);
  const { stream, clickhouse } = costs;
  const txsPerCommit = txs / commits;
  const fixedMs = stream.commitMs.value + clickhouse.commitMs.value;
  return (fixedMs + txsPerCommit * (stream.txMs.value + clickhouse.txMs.value)) / 1000;
}
