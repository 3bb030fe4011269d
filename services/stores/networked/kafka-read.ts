import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import type { Topic } from '../../../catalog/schema/topic.ts';
import type { KafkaSettings } from '../../runtime/stores-config.ts';
import { createKafkaClient } from './kafka-client.ts';
import { startKafkaConsumer } from './kafka-consumer.ts';
import { findProtocolType, kafkaError } from './kafka-errors.ts';

export interface ReadRecord {
  readonly partition: number;
  readonly offset: string;
  readonly key: string;
  /** As it is: to be parsed. */
  readonly text: string;
}

/** How often it is looked whether what is waited for is still there, and whether brokers are. */
const lookMs = 5_000;

/**
 * Gives all that a topic keeps now, each partition in its order, and returns; what is published meanwhile is left. No group is left
 * behind, and none is moved. What `take` throws is thrown, and nothing is given after that.
 * @throws RetryableError or ConfigurationError, as brokers say
 */
export async function readKafkaTopic(options: {
  readonly kafka: KafkaSettings;
  readonly topic: Topic;
  readonly log: Logger;
  readonly take: (records: readonly ReadRecord[]) => Promise<void>;
}): Promise<void> {
  const { topic, log, take } = options;
  const client = (): Kafka => createKafkaClient(options.kafka, log);
  const group = `letters.${topic.id}.${randomUUID()}`;
  const admin = client().admin();
  try {
    await admin.connect();
    const offsets = await admin.fetchTopicOffsets(topic.id);
    const positions = new Map(offsets.map(({ partition, low }) => [partition, BigInt(low)]));
    const left = new Map(
      offsets.flatMap(({ partition, low, high }) => (low === high ? [] : [[partition, BigInt(high)] as const])),
    );
    if (left.size === 0) return;
    const done = Promise.withResolvers<void>();
    done.promise.catch(() => {});
    let hasFailed = false;
    const consumer = await startKafkaConsumer({
      client,
      group,
      log,
      prepare: async () => ({ topic, positions }),
      handle: async (partition, records) => {
        if (hasFailed) return;
        const end = left.get(partition) ?? 0n;
        const wanted = records.filter(({ offset }) => BigInt(offset) < end);
        try {
          await take(
            wanted.map(({ offset, key, value }) => {
              return { partition, offset, key: key?.toString() ?? '', text: value?.toString() ?? 'null' };
            }),
          );
        } catch (error) {
          hasFailed = true;
          done.reject(error);
          return;
        }
        if (BigInt(records.at(-1)?.offset ?? 0) + 1n >= end) left.delete(partition);
        if (left.size === 0) done.resolve();
      },
      retryAfterMs: () => undefined,
    });
    try {
      while (!(await Promise.race([done.promise.then(() => true), delay(lookMs, false, { ref: false })]))) {
        // What was removed meanwhile does not come.
        for (const { partition, low } of await admin.fetchTopicOffsets(topic.id))
          if (BigInt(low) >= (left.get(partition) ?? 0n)) left.delete(partition);
        if (left.size === 0) break;
      }
    } finally {
      await consumer.stop();
      await admin.deleteGroups([group]).catch(() => {});
    }
    if (hasFailed) await done.promise;
  } catch (error) {
    // Topics are made when they are first used: nothing is in one that is not there.
    if (findProtocolType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return;
    throw kafkaError(error, `reading ${topic.id}`);
  } finally {
    await admin.disconnect().catch(() => {});
  }
}
