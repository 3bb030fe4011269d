import type { Topic } from '../../catalog/schema/topic.ts';
import { partitionMiBMax } from '../../catalog/topic-disk.ts';
import { partitionOf } from '../stores/networked/kafka-partition.ts';
import type { ChainRates } from './chain-rates.ts';
import { ratesOf } from './chain-rates.ts';
import { costs } from './costs.ts';
import type { NetworkLoad } from './demand.ts';
import type { MarketNeed } from './market-need.ts';
import { diskShareMax, secondsPerDay, serversFor, sumOf } from './need.ts';
import { diskPerServerGBMax, type StoreNeed } from './store-need.ts';

/** What the topic must keep of its busiest partition: who was away for a day goes on where it was, and nothing has to be told again. */
export const replayHoursMin = 24;

export interface BusLoad {
  readonly chainMBps: number;
  readonly barsMBps: number;
}

export function busLoad(rates: ChainRates, { barsPerSecond }: MarketNeed): BusLoad {
  return { chainMBps: chainMBpsOf(rates), barsMBps: barMBps(barsPerSecond) };
}

/** What a topic keeps. */
export interface TopicNeed {
  readonly id: string;
  readonly gbPerDay: number;
  /** Of one copy: until its time is over or its size is reached, but `replayHoursMin` of each partition. */
  readonly diskGB: number;
  /** For how long the mean and the busiest partition keep a record, by the bounds that the topic has. */
  readonly meanHours: number;
  readonly hottestHours: number;
}

export function chainTopicNeed(networks: readonly NetworkLoad[], topic: Topic, partitions: number): TopicNeed {
  const loads = networks.map((network) => [network.id, chainMBpsOf(ratesOf([network]))] as const);
  return topicNeed(topic, loads, partitions);
}

export function barTopicNeed(pairs: number, topic: Topic, partitions: number): TopicNeed {
  const loads = Array.from({ length: pairs }, (_, n) => [`PAIR${n}USDT`, barMBps(1)] as const);
  return topicNeed(topic, loads, partitions);
}

function topicNeed(
  topic: Topic,
  loads: readonly (readonly [key: string, MBps: number])[],
  partitions: number,
): TopicNeed {
  const gbPerHour = Array.from({ length: partitions }, () => 0);
  for (const [key, MBps] of loads) {
    const at = partitionOf(key, partitions);
    gbPerHour[at] = (gbPerHour[at] ?? 0) + MBps * 3.6;
  }
  const { retentionHours = Number.POSITIVE_INFINITY } = topic;
  const gbMax = ((partitionMiBMax(topic) ?? Number.POSITIVE_INFINITY) * 2 ** 20) / 1e9;
  const hoursOf = (rate: number): number => Math.min(retentionHours, gbMax / rate);
  const gbPerDay = 24 * sumOf(gbPerHour, (rate) => rate);
  return {
    id: topic.id,
    gbPerDay,
    diskGB: sumOf(gbPerHour, (rate) => (rate === 0 ? 0 : rate * Math.max(hoursOf(rate), replayHoursMin))),
    meanHours: hoursOf(gbPerDay / 24 / partitions),
    hottestHours: hoursOf(Math.max(...gbPerHour)),
  };
}

/** Brokers come in threes, of which one may go; every record is on each of three. */
export function kafkaNeed(topics: readonly TopicNeed[]): StoreNeed {
  const copies = 3;
  const gbPerDay = sumOf(topics, (topic) => topic.gbPerDay);
  const MBps = (1000 * gbPerDay) / secondsPerDay;
  const diskGB = sumOf(topics, (topic) => topic.diskGB);
  // Each byte comes once and goes out to two copies and two groups of consumers.
  const brokers = Math.max(
    copies,
    serversFor(5 * MBps, costs.kafka.brokerMBps.value),
    Math.ceil((copies * diskGB) / diskShareMax / diskPerServerGBMax),
  );
  return { servers: brokers, copies, cores: 0.2 * brokers + MBps * 0.05, diskGB, gbPerDay };
}

function chainMBpsOf({ blocks, txs }: ChainRates): number {
  const { kafka } = costs;
  return (blocks * (kafka.blockBytes.value + kafka.recordOverheadBytes.value) + txs * kafka.txBytes.value) / 1e6;
}

function barMBps(barsPerSecond: number): number {
  const { kafka } = costs;
  return (barsPerSecond * (kafka.barBytes.value + kafka.recordOverheadBytes.value)) / 1e6;
}
