import type { PoolStore } from './schema/pool.ts';
import type { Topic } from './schema/topic.ts';

/** Kafka's own: it removes what is old a segment at a time. */
const segmentMiBMax = 1024;
/** Room for some of the largest records. */
const segmentMiBMin = 64;

/**
 * How large the files are that a partition of a topic is kept in. Kafka removes whole ones, and none before all that would stay is
 * as large as `retentionMiB`: it keeps up to one more. So they are a tenth of it.
 */
export function segmentMiBOf({ retentionMiB }: Pick<Topic, 'retentionMiB'>): number | undefined {
  if (retentionMiB === undefined) return undefined;
  return Math.min(segmentMiBMax, Math.max(segmentMiBMin, Math.ceil(retentionMiB / 10)));
}

/** What a partition takes on one broker at most; undefined for one that only time, or keys, bound. */
export function partitionMiBMax(topic: Pick<Topic, 'retentionMiB'>): number | undefined {
  const segmentMiB = segmentMiBOf(topic);
  return segmentMiB === undefined ? undefined : (topic.retentionMiB ?? 0) + segmentMiB;
}

/** GB that a topic takes on each broker at most, in as many copies as there are brokers, up to three; 0 where nothing bounds it by size. */
export function topicGBOfBroker(topic: Topic, { replicas = 1 }: Pick<PoolStore, 'replicas'>): number {
  const copies = Math.min(3, replicas);
  return (topic.partitions * (partitionMiBMax(topic) ?? 0) * 2 ** 20 * copies) / replicas / 1e9;
}

/** Of a broker's disk, what topics may fill: a broker whose disk is full stops. The rest is for indexes, Kafka's own topics, and to see it come. */
export const brokerDiskShareMax = 0.85;
