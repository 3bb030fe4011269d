import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Admin, Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { metrics as catalogMetrics } from '../../../catalog/metrics.ts';
import type { Topic } from '../../../catalog/schema/topic.ts';
import { ConfigurationError, describeError, RetryableError } from '../../runtime/errors.ts';
import { counterOf } from '../../runtime/metrics.ts';
import type { Health } from '../../runtime/modules.ts';
import type { KafkaSettings } from '../../runtime/stores-config.ts';
import type { Watchable } from '../../runtime/watch-store.ts';
import { answerInTime } from '../answer-in-time.ts';
import type { Batch, Bus, Handle, Message, Subscription, Unsubscribe } from '../bus.ts';
import { createKafkaClient } from './kafka-client.ts';
import { backoffMs, type KafkaConsumer, startKafkaConsumer } from './kafka-consumer.ts';
import { kafkaError } from './kafka-errors.ts';
import type { FetchedRecord } from './kafka-lanes.ts';
import { createLosses, type Losses } from './kafka-losses.ts';
import { meterGroup } from './kafka-metrics.ts';
import { createKeyOwnership } from './kafka-ownership.ts';
import { createKafkaProducer } from './kafka-producer.ts';
import { createKafkaTopics } from './kafka-topics.ts';

export interface KafkaBusOptions {
  readonly kafka: KafkaSettings;
  /** Gives the catalog's table as it stands. */
  readonly topics: () => readonly Topic[];
  readonly log: Logger;
  readonly metrics?: Registry;
}

/** How long brokers that do not answer hold up the start: those who can do without them for a while go on then. */
const firstLookMs = 5_000;

/**
 * The bus on Apache Kafka. Brokers that are away are no error: what is subscribed joins when they come, and what is published
 * meanwhile is refused as retryable. A topic is looked for, and made where that is ours, when it is first used. Remove none that is in
 * use: kafkajs knows a topic by its name alone, so who was in the middle of the old one may begin in the middle of the new one.
 * @throws ConfigurationError when the brokers refuse us, which is a matter of settings
 */
export async function openKafkaBus(options: KafkaBusOptions): Promise<Watchable<Bus>> {
  const { kafka, log, metrics: registry = new Registry() } = options;
  const client = (): Kafka => createKafkaClient(kafka, log);
  const connection = createAdminConnection(client, kafka.brokers.join(', '));
  const { admin } = connection;
  const looking = admin().catch((error: unknown) => {
    if (error instanceof ConfigurationError) throw error;
    log.warn({ reason: describeError(error) }, 'Kafka is away, and is waited for');
  });
  const late = delay(firstLookMs, undefined, { ref: false });
  await Promise.race([looking, late]).finally(() => looking.catch(() => {}));
  const topics = createKafkaTopics({ admin, topics: options.topics, createsTopics: kafka.createsTopics, log });
  const published = counterOf(registry, catalogMetrics.busPublished);
  const producer = createKafkaProducer({
    client,
    topics,
    onPublished: (topic, count) => published.inc({ topic }, count),
  });
  const members = new Set<KafkaConsumer>();
  const losses = new Map<string, Losses>();
  const subscriptions = new Set<Unsubscribe>();
  let stopped = false;

  /** One for all members that this process has in a group, for as long as it runs. */
  const lossesOf = (topic: string, group: string): Losses => {
    const key = `${topic}/${group}`;
    const found = losses.get(key) ?? createLosses({ client, topic, group, log, registry });
    losses.set(key, found);
    return found;
  };

  const consume = async (
    name: string,
    group: string,
    handle: Handle,
    { findPositions }: { findPositions?: () => Promise<Map<number, bigint>> } = {},
  ): Promise<Subscription> => {
    const isFollower = findPositions !== undefined;
    let positions: Map<number, bigint> | undefined;
    if (stopped) throw new RetryableError(`the bus has stopped: cannot subscribe to ${name}`);
    let member: KafkaConsumer | undefined;
    const ownership = createKeyOwnership(() => topics.countPartitions(name));
    const meter = meterGroup(registry, {
      topic: name,
      // Those who follow have names that are never used again.
      group: isFollower ? group.slice(0, group.lastIndexOf('.')) : group,
      client: isFollower ? undefined : client,
      lanes: () => member?.lanes,
    });
    const lost = isFollower ? undefined : lossesOf(name, group);
    try {
      member = await startKafkaConsumer({
        client,
        group,
        log,
        prepare: async () => {
          const topic = await topics.ready(name);
          // Found once: a follower that comes back goes on where it was.
          positions ??= await findPositions?.();
          await lost?.look(topic);
          return { topic, positions };
        },
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
        onAssigned: (partitions) => {
          meter.assigned(partitions);
          ownership.assign(partitions);
        },
        onSkipped: lost?.note,
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
        if (isFollower) await connection.connected?.deleteGroups([group]).catch(() => {});
      })();
      return leaving;
    };
    subscriptions.add(unsubscribe);
    if (stopped) await unsubscribe();
    return Object.assign(unsubscribe, { owns: ownership.owns });
  };

  const bus: Bus = {
    publish: producer.publish,
    subscribe: (topic, group, handle) => consume(topic, group, handle),
    follow: async (topic, group, handle, { sinceMs } = {}) => {
      // Also when brokers answer only later: from now, not from then.
      const fromMs = sinceMs === undefined ? undefined : Date.now() - sinceMs;
      const findPositions = () => startOf(client(), topic, fromMs);
      return consume(topic, `${group}.${randomUUID()}`, handle, { findPositions });
    },
  };

  return {
    part: bus,
    health: () => answerInTime('Kafka', () => healthOf(admin, members, losses.values()), connection.trouble),
    stop: async () => {
      stopped = true;
      await Promise.all([...subscriptions].map((unsubscribe) => unsubscribe()));
      await producer.stop();
      await connection.close();
    },
  };
}

interface AdminConnection {
  /** Who asks the brokers, once they answer; throws what `kafkaError` makes of it while they do not. */
  admin(): Promise<Admin>;
  /** The same if they have answered already. */
  readonly connected: Admin | undefined;
  /** Why they did not the last time. */
  trouble(): string;
  close(): Promise<void>;
}

/** kafkajs comes back by itself to brokers that have answered once, and not to those that never did. */
function createAdminConnection(client: () => Kafka, brokers: string): AdminConnection {
  let connecting: Promise<Admin> | undefined;
  let connected: Admin | undefined;
  let trouble = 'never before';

  const connect = async (): Promise<Admin> => {
    const fresh = client().admin();
    try {
      await fresh.connect();
      connected = fresh;
      trouble = 'it did before';
      return fresh;
    } catch (error) {
      connecting = undefined;
      await fresh.disconnect().catch(() => {});
      const reason = kafkaError(error, `connecting to ${brokers}`);
      trouble = describeError(reason);
      throw reason;
    }
  };
  return {
    admin: () => {
      connecting ??= connect();
      return connecting;
    },
    get connected() {
      return connected;
    },
    trouble: () => trouble,
    close: async () => {
      await connecting?.catch(() => {});
      await connected?.disconnect().catch(() => {});
    },
  };
}

async function healthOf(
  admin: () => Promise<Admin>,
  members: ReadonlySet<KafkaConsumer>,
  losses: Iterable<Losses>,
): Promise<Health> {
  try {
    await (await admin()).describeCluster();
  } catch (error) {
    return { ok: false, detail: describeError(kafkaError(error, 'asking the brokers')) };
  }
  const troubles = [...members].map(({ trouble }) => trouble).filter((trouble) => trouble !== undefined);
  if (troubles.length > 0) return { ok: false, detail: troubles.join('; ') };
  // It works: what is gone does not come back by starting it again, or by giving its work to another.
  const lost = [...losses].map(({ detail }) => detail).filter((detail) => detail !== undefined);
  return lost.length === 0 ? { ok: true } : { ok: true, detail: lost.join('; ') };
}

/** Where each partition stood at `fromMs`, or where it ends. */
async function startOf(client: Kafka, topic: string, fromMs: number | undefined): Promise<Map<number, bigint>> {
  // Not the one that makes topics: kafkajs asks ever after for what was asked for here, and fails once it is gone.
  const admin = client.admin();
  try {
    await admin.connect();
    const offsets =
      fromMs === undefined
        ? await admin.fetchTopicOffsets(topic)
        : await admin.fetchTopicOffsetsByTimestamp(topic, fromMs);
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
