import { randomUUID } from 'node:crypto';
import type { Admin, Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { metrics as catalogMetrics } from '../../../catalog/metrics.ts';
import type { Topic } from '../../../catalog/schema/topic.ts';
import { describeError, RetryableError } from '../../runtime/errors.ts';
import { counterOf } from '../../runtime/metrics.ts';
import type { Health } from '../../runtime/modules.ts';
import type { KafkaSettings } from '../../runtime/stores-config.ts';
import type { Watchable } from '../../runtime/watch-store.ts';
import { answerInTime } from '../answer-in-time.ts';
import type { Batch, Bus, Handle, Message, Unsubscribe } from '../bus.ts';
import { createKafkaClient } from './kafka-client.ts';
import { backoffMs, type KafkaConsumer, startKafkaConsumer } from './kafka-consumer.ts';
import { kafkaError } from './kafka-errors.ts';
import type { FetchedRecord } from './kafka-lanes.ts';
import { meterGroup } from './kafka-metrics.ts';
import { createKafkaProducer } from './kafka-producer.ts';
import { createKafkaTopics } from './kafka-topics.ts';

export interface KafkaBusOptions {
  readonly kafka: KafkaSettings;
  /** Gives the catalog's table as it stands. */
  readonly topics: () => readonly Topic[];
  readonly log: Logger;
  readonly metrics?: Registry;
}

/**
 * The bus on Apache Kafka. A topic is looked for, and made where that is ours, when it is first used. Remove none that is in
 * use: kafkajs knows a topic by its name alone, so who was in the middle of the old one may begin in the middle of the new one.
 * @throws ConfigurationError when the brokers refuse us, which is a matter of settings; RetryableError while none answers
 */
export async function openKafkaBus(options: KafkaBusOptions): Promise<Watchable<Bus>> {
  const { kafka, log, metrics: registry = new Registry() } = options;
  const client = (): Kafka => createKafkaClient(kafka, log);
  const admin = client().admin();
  try {
    await admin.connect();
  } catch (error) {
    await admin.disconnect().catch(() => {});
    throw kafkaError(error, `connecting to ${kafka.brokers.join(', ')}`);
  }
  const topics = createKafkaTopics({ admin, topics: options.topics, createsTopics: kafka.createsTopics, log });
  const published = counterOf(registry, catalogMetrics.busPublished);
  const producer = createKafkaProducer({
    client,
    topics,
    onPublished: (topic, count) => published.inc({ topic }, count),
  });
  const members = new Set<KafkaConsumer>();
  const subscriptions = new Set<Unsubscribe>();
  let stopped = false;

  const consume = async (
    name: string,
    group: string,
    handle: Handle,
    { positions, isFollower }: { positions?: Map<number, bigint>; isFollower: boolean },
  ): Promise<Unsubscribe> => {
    const topic = await topics.ready(name);
    if (stopped) throw new RetryableError(`the bus has stopped: cannot subscribe to ${name}`);
    let member: KafkaConsumer | undefined;
    const meter = meterGroup(registry, {
      topic: name,
      // Those who follow have names that are never used again.
      group: isFollower ? group.slice(0, group.lastIndexOf('.')) : group,
      client: isFollower ? undefined : client,
      lanes: () => member?.lanes,
    });
    try {
      member = await startKafkaConsumer({
        client,
        topic,
        group,
        log,
        ...(positions === undefined ? {} : { positions }),
        handle: async (partition, records) => {
          const fromMs = performance.now();
          const seconds = (): number => (performance.now() - fromMs) / 1000;
          try {
            await handle(batchOf(name, partition, records));
            meter.handled(records.length, seconds());
          } catch (error) {
            meter.failed(seconds());
            throw error;
          }
        },
        retryAfterMs: (error, partition, attempt) => {
          const where = { topic: name, group, partition, attempt, reason: describeError(error) };
          if (isFollower) {
            log.warn(where, 'a batch of the bus could not be handled, it is left out');
            return undefined;
          }
          const restMs = backoffMs(attempt);
          log.warn(
            { ...where, restMs: Math.round(restMs) },
            'a batch of the bus could not be handled, it is given again',
          );
          return restMs;
        },
        onFetched: meter.fetched,
        onCommitted: meter.committed,
        onAssigned: meter.assigned,
      });
    } catch (error) {
      await meter.stop();
      throw error;
    }
    const joined = member;
    members.add(joined);
    let leaving: Promise<void> | undefined;
    const unsubscribe = (): Promise<void> => {
      leaving ??= (async () => {
        members.delete(joined);
        subscriptions.delete(unsubscribe);
        await joined.stop();
        await meter.stop();
        // It is of no more use to anybody; brokers forget it by themselves if they do not let us.
        if (isFollower) await admin.deleteGroups([group]).catch(() => {});
      })();
      return leaving;
    };
    subscriptions.add(unsubscribe);
    if (stopped) await unsubscribe();
    return unsubscribe;
  };

  const bus: Bus = {
    publish: producer.publish,
    subscribe: (topic, group, handle) => consume(topic, group, handle, { isFollower: false }),
    follow: async (topic, group, handle, { sinceMs } = {}) => {
      await topics.ready(topic);
      const positions = await startOf(client(), topic, sinceMs);
      return consume(topic, `${group}.${randomUUID()}`, handle, { positions, isFollower: true });
    },
  };

  return {
    part: bus,
    health: () => answerInTime('Kafka', () => healthOf(admin, members)),
    stop: async () => {
      stopped = true;
      await Promise.all([...subscriptions].map((unsubscribe) => unsubscribe()));
      await producer.stop();
      await admin.disconnect().catch(() => {});
    },
  };
}

async function healthOf(admin: Admin, members: ReadonlySet<KafkaConsumer>): Promise<Health> {
  try {
    await admin.describeCluster();
  } catch (error) {
    return { ok: false, detail: describeError(kafkaError(error, 'asking the brokers')) };
  }
  const troubles = [...members].map(({ trouble }) => trouble).filter((trouble) => trouble !== undefined);
  return troubles.length === 0 ? { ok: true } : { ok: false, detail: troubles.join('; ') };
}

/** Where each partition stood `sinceMs` ago, or where it ends. */
async function startOf(client: Kafka, topic: string, sinceMs: number | undefined): Promise<Map<number, bigint>> {
  // Not the one that makes topics: kafkajs asks ever after for what was asked for here, and fails once it is gone.
  const admin = client.admin();
  try {
    await admin.connect();
    const offsets =
      sinceMs === undefined
        ? await admin.fetchTopicOffsets(topic)
        : await admin.fetchTopicOffsetsByTimestamp(topic, Date.now() - sinceMs);
    return new Map(offsets.map(({ partition, offset }) => [partition, BigInt(offset)]));
  } catch (error) {
    throw kafkaError(error, `asking where ${topic} ends`);
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

/** Its id names its records: offsets never come again in a partition, and if the topic is made anew its first record is later. */
function batchOf(topic: string, partition: number, records: readonly FetchedRecord[]): Batch {
  const [first, last] = [records[0], records.at(-1)];
  return {
    topic,
    partition,
    messages: records.map(messageOf),
    id: `${topic}/${partition}/${first?.offset}-${last?.offset}/${first?.timestamp}`,
  };
}

function messageOf({ key, value, offset, timestamp }: FetchedRecord): Message {
  const text = value?.toString() ?? 'null';
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // Of a producer that is none of ours: its consumer refuses the text.
    parsed = text;
  }
  return { key: key?.toString() ?? '', value: parsed, offset, timestampMs: Number(timestamp) };
}
