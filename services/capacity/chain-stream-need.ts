import { groupOf } from '../../catalog/consumer-group.ts';
import { partitionOf } from '../stores/networked/kafka-partition.ts';
import { ratesOf } from './chain-rates.ts';
import { costs } from './costs.ts';
import type { NetworkLoad } from './demand.ts';
import { serversFor, sumOf, targetUtilisation } from './need.ts';
import { partitionsAtATime, statementsAtATime } from './program.ts';
import { type WindowNeed, windowNeed } from './window-need.ts';

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
  /** Busy cores of all of them. */
  readonly cores: number;
  readonly windows: WindowNeed;
}

/** Multiples of twelve: as many members as divide it have as many partitions each. */
const partitionChoices = [12, 24, 36, 48, 72, 96, 144, 192, 288, 384, 576, 768];

/**
 * A network's changes of a commit take the consumer `secondsOf` it; those of a partition follow one another. So there must be
 * partitions enough that the hottest, by the very hash of Kafka's clients, is busy for no more than the target, and members enough
 * for the batches in hand and the windows that follow, of which each computes one of a size at once.
 */
export function chainStreamNeed(networks: readonly NetworkLoad[], partitionsNow: number): ChainStreamNeed {
  const busyOf = (partitions: number): number[] => busyPartitions(networks, partitions);
  const busyNow = busyOf(partitionsNow);
  const inHand = sumOf(busyNow, (busy) => busy);
  const windows = windowNeed(networks);
  const { commits, txs } = ratesOf(networks);
  const { commitMs, markMs, txMs, windowMs } = costs.stream;
  const cores =
    (commits * (commitMs.value + markMs.value) + txs * txMs.value + windows.perSecond * windowMs.value) / 1000;
  const replicas = Math.max(
    serversFor(inHand, partitionsAtATime),
    serversFor(inHand + windows.busyTotal, statementsAtATime),
    ...Object.values(windows.busy).map((busy) => serversFor(busy)),
    serversFor(cores),
  );
  // A member without a partition has no network whose windows it would compute.
  const partitionsMin = Math.max(partitionsNow, replicas);
  const needed = partitionChoices.find(
    (partitions) => partitions >= partitionsMin && Math.max(...busyOf(partitions)) <= targetUtilisation,
  );
  const partitions = needed ?? 1000;
  return {
    group: groupOf('stream-processor', 'chain.blocks'),
    ...{ partitions, replicas, cores, windows },
    hottest: Math.max(...busyOf(partitions)),
    mean: inHand / partitions,
    hottestNow: Math.max(...busyNow),
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
 * From a batch in hand to its acknowledgement, with one network's commit in it: most have no more. Statements follow one another, each on about a
 * core of the store, so that it takes as long as it costs.
 */
export function secondsOf(network: NetworkLoad): number {
  const { commits, txs } = ratesOf([network]);
  const { stream, clickhouse } = costs;
  const txsPerCommit = txs / commits;
  const fixedMs = stream.commitMs.value + stream.markMs.value + clickhouse.commitMs.value + clickhouse.markMs.value;
  return (fixedMs + txsPerCommit * (stream.txMs.value + clickhouse.txMs.value)) / 1000;
}
