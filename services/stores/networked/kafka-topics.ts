import type { Admin } from 'kafkajs';
import type { Logger } from 'pino';
import type { Topic } from '../../../catalog/schema/topic.ts';
import { segmentMiBOf } from '../../../catalog/topic-disk.ts';
import { ConfigurationError, RetryableError } from '../../runtime/errors.ts';
import { findProtocolType, kafkaError } from './kafka-errors.ts';

/** Of a topic without `maxRecordKiB`: Kafka's own. */
const defaultMaxRecordKiB = 1024;

/** Bytes that the largest record of a topic may have, with its key and what Kafka adds. */
export function maxRecordBytes({ maxRecordKiB = defaultMaxRecordKiB }: Topic): number {
  return maxRecordKiB * 1024;
}

export interface KafkaTopics {
  /**
   * The topic's line of the catalog, once the brokers have the topic.
   * @throws ConfigurationError if the catalog has none; RetryableError while it is not there and others make it
   */
  ready(topic: string): Promise<Topic>;
  /** How many partitions the topic has at the brokers; 0 while they have none of it. */
  countPartitions(topic: string): Promise<number>;
  /** Looks again before the next use: it may have been removed. */
  forget(topic: string): void;
}

/** The topics of the catalog at the brokers, each looked for on its first use and made if that is ours to do. */
export function createKafkaTopics(deps: {
  readonly admin: () => Promise<Admin>;
  readonly topics: () => readonly Topic[];
  readonly createsTopics: boolean;
  readonly log: Logger;
}): KafkaTopics {
  const { admin, topics, createsTopics, log } = deps;
  const known = new Map<string, Promise<Topic>>();

  const look = async (id: string): Promise<Topic> => {
    const topic = topics().find((other) => other.id === id);
    if (topic === undefined) throw new ConfigurationError(`${id}: no such topic in catalog/topics.yaml`);
    const partitions = (await countPartitions(id)) ?? (await create(topic));
    if (partitions >= topic.partitions) return topic;
    if (createsTopics) {
      await (await admin()).createPartitions({ topicPartitions: [{ topic: id, count: topic.partitions }] });
      log.info({ topic: id, partitions: topic.partitions, had: partitions }, 'partitions added to a topic');
    } else {
      log.warn(
        { topic: id, partitions, wanted: topic.partitions },
        'a topic has fewer partitions than the catalog says',
      );
    }
    return topic;
  };

  const countPartitions = async (topic: string): Promise<number | undefined> => {
    try {
      const { topics: found } = await (await admin()).fetchTopicMetadata({ topics: [topic] });
      return found[0]?.partitions.length;
    } catch (error) {
      if (findProtocolType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return undefined;
      throw error;
    }
  };

  const create = async (topic: Topic): Promise<number> => {
    if (!createsTopics)
      throw new RetryableError(
        `Kafka has no topic ${topic.id} yet: the operator of its brokers makes it from the catalog`,
      );
    const made = await (await admin()).createTopics({ topics: [creationOf(topic)], waitForLeaders: true });
    if (made) log.info({ topic: topic.id, partitions: topic.partitions }, 'topic made');
    return made ? topic.partitions : ((await countPartitions(topic.id)) ?? 0);
  };

  return {
    ready: (id) => {
      const found = known.get(id);
      if (found !== undefined) return found;
      const looking = look(id).catch((error: unknown) => {
        known.delete(id);
        throw kafkaError(error, `looking for the topic ${id}`);
      });
      known.set(id, looking);
      return looking;
    },
    countPartitions: async (id) => (await countPartitions(id)) ?? 0,
    forget: (id) => void known.delete(id),
  };
}

function creationOf(topic: Topic) {
  const { id, partitions, cleanup, retentionHours, retentionMiB } = topic;
  const segmentMiB = segmentMiBOf(topic);
  const config = {
    'cleanup.policy': cleanup,
    'max.message.bytes': maxRecordBytes(topic),
    ...(retentionHours === undefined ? {} : { 'retention.ms': retentionHours * 3_600_000 }),
    ...(retentionMiB === undefined ? {} : { 'retention.bytes': retentionMiB * 2 ** 20 }),
    ...(segmentMiB === undefined ? {} : { 'segment.bytes': segmentMiB * 2 ** 20 }),
  };
  return {
    topic: id,
    numPartitions: partitions,
    // As many replicas as the brokers give by default.
    replicationFactor: -1,
    configEntries: Object.entries(config).map(([name, value]) => ({ name, value: String(value) })),
  };
}
