import { setTimeout as delay } from 'node:timers/promises';
import type { Consumer, Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import type { Topic } from '../../../catalog/schema/topic.ts';
import { describeError, RetryableError } from '../../runtime/errors.ts';
import { driverRetry } from './kafka-client.ts';
import { kafkaError } from './kafka-errors.ts';
import { createLanes, type FetchedRecord, type Lanes } from './kafka-lanes.ts';
import { maxRecordBytes } from './kafka-topics.ts';

/** A member that is killed has its partitions for so long; one that lives says so once a second, whatever its handlers do. */
const sessionTimeoutMs = 10_000;
const heartbeatIntervalMs = 1_000;
const rebalanceTimeoutMs = 30_000;

/** Of one answer of a broker, at least; a partition's share of it has room for the largest record of its topic. */
const fetchBytes = 4 << 20;
const fetchBytesPerPartition = 1 << 20;

/** How long a broker waits for something new before it answers that there is nothing. */
const fetchWaitMs = 100;

const partitionsAtATime = 3;

/** How long who subscribes waits for a group that brokers do not let us join yet. */
const firstJoinPatienceMs = 15_000;

/** Members that fetch nothing for so long, not even nothing, have silently stopped. */
const silenceMs = 60_000;

export interface ConsumerOptions {
  readonly client: () => Kafka;
  readonly group: string;
  /** Asked before each attempt to join. What is retryable is tried again. */
  readonly prepare: () => Promise<Prepared>;
  readonly handle: (partition: number, records: readonly FetchedRecord[]) => Promise<void>;
  /** As `retryAfterMs` of the lanes. */
  readonly retryAfterMs: (error: unknown, partition: number, attempt: number) => number | undefined;
  readonly log: Logger;
  readonly onFetched?: (partition: number, highWatermark: string) => void;
  readonly onCommitted?: (partition: number, offset: bigint) => void;
  readonly onAssigned?: (partitions: readonly number[]) => void;
  /** As of the lanes; only of topics whose offsets follow each other, which are those that are not compacted. */
  readonly onSkipped?: ((partition: number, from: bigint, to: bigint) => void) | undefined;
}

interface Prepared {
  readonly topic: Topic;
  /**
   * Offsets that partitions begin at, instead of where the group is, which is then never told where we are. Moved on as we go:
   * a member that comes back goes on where it was.
   */
  readonly positions?: Map<number, bigint> | undefined;
}

export interface KafkaConsumer {
  /** What is wrong, in words; undefined when the member takes part in its group. */
  readonly trouble: string | undefined;
  readonly lanes: Lanes | undefined;
  stop(): Promise<void>;
}

/**
 * A member of a group on one topic, which comes back by itself whatever happens to it. Resolves when it has joined, or could not
 * for now: then it goes on trying, and says so. Throws ConfigurationError if it is no use to try.
 *
 * kafkajs would wait for the handlers of a whole answer before it fetches again or takes part in a rebalance. So handlers do
 * not run inside it: what it fetches goes to lanes, which pause their partitions while they are full. Heartbeats and
 * rebalances go on beside a handler, however long that takes. A batch whose partition was lost meanwhile may finish; its
 * offset is not committed, and the new owner gets it too.
 *
 * Memory: at most four of the topic's largest fetches (1 MiB a partition, or its largest record), one answer of every broker
 * (4 MiB, or the same), and the three batches in hand once more as objects.
 */
export async function startKafkaConsumer(options: ConsumerOptions): Promise<KafkaConsumer> {
  const { group, log } = options;
  const ended = new AbortController();
  const { signal } = ended;
  let trouble: string | undefined;
  let member: Member | undefined;

  let isPrepared = false;
  const join = async (): Promise<void> => {
    try {
      isPrepared = false;
      const prepared = await options.prepare();
      isPrepared = true;
      member = await joinGroup(options, prepared);
      trouble = undefined;
    } catch (error) {
      trouble = `group ${group}: ${describeError(error)}`;
      throw error;
    }
  };
  const patientUntilMs = performance.now() + firstJoinPatienceMs;
  for (let isTrying = true; isTrying; ) {
    try {
      await join();
      isTrying = false;
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      // A broker that has just come up does not know its groups yet; one that is not there is not waited for.
      isTrying = isPrepared && performance.now() < patientUntilMs;
      if (isTrying) await delay(500);
      else log.warn({ group, reason: describeError(error) }, 'a group cannot be joined yet, trying again');
    }
  }

  const keep = async (): Promise<void> => {
    let attempt = 0;
    while (!signal.aborted) {
      if (member === undefined) {
        await delay(backoffMs(++attempt), undefined, { signal }).catch(() => {});
        if (!signal.aborted) await join().catch(() => {});
        continue;
      }
      attempt = 0;
      const reason = await Promise.race([member.lost, untilAborted(signal)]);
      if (signal.aborted) break;
      trouble = `group ${group}: ${describeError(reason)}`;
      log.warn({ group, reason: describeError(reason) }, 'a member of a group is lost, joining again');
      await member.leave();
      member = undefined;
    }
  };
  const keeping = keep();

  return {
    get trouble() {
      return trouble ?? member?.silence();
    },
    get lanes() {
      return member?.lanes;
    },
    stop: async () => {
      ended.abort();
      await keeping;
      await member?.leave();
    },
  };
}

/** From one second on, doubled up to thirty, a quarter of it by chance: members that failed together do not come together. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  return Math.min(1_000 * 2 ** (attempt - 1), 30_000) * (0.75 + 0.25 * random());
}

interface Member {
  readonly lanes: Lanes;
  /** Resolves with why, when it is in the group no longer and will not be again. */
  readonly lost: Promise<unknown>;
  silence(): string | undefined;
  /** Finishes what is in hand, and leaves the group. */
  leave(): Promise<void>;
}

async function joinGroup(options: ConsumerOptions, { topic, positions }: Prepared): Promise<Member> {
  const { client, group, handle, retryAfterMs, log } = options;
  const perPartition = Math.max(fetchBytesPerPartition, maxRecordBytes(topic));
  const consumer = client().consumer({
    groupId: group,
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: heartbeatIntervalMs,
    rebalanceTimeout: rebalanceTimeoutMs,
    maxBytesPerPartition: perPartition,
    maxBytes: Math.max(fetchBytes, perPartition),
    maxWaitTimeInMs: fetchWaitMs,
    allowAutoTopicCreation: false,
    // Coming back is ours: kafkajs does not after every error, and does not say so.
    retry: { ...driverRetry, restartOnFailure: async () => false },
  });
  const lost = Promise.withResolvers<unknown>();
  let memberId: string | undefined;
  let isLost = false;
  const lose = (reason: unknown): void => {
    isLost = true;
    lost.resolve(reason);
  };
  let fetchedAtMs = Date.now();

  const lanes = createLanes({
    handle,
    retryAfterMs,
    onSkipped: topic.cleanup === 'delete' ? options.onSkipped : undefined,
    concurrency: partitionsAtATime,
    budgetBytes: 4 * perPartition,
    setPaused: (partition, paused) => {
      try {
        consumer[paused ? 'pause' : 'resume']([{ topic: topic.id, partitions: [partition] }]);
      } catch {
        // It is between two runs: nothing is fetched, and nothing is paused in the next.
      }
    },
    commit: async (partition, offset) => {
      positions?.set(partition, offset);
      if (isLost || positions !== undefined) return;
      await consumer.commitOffsets([{ topic: topic.id, partition, offset: String(offset) }]);
      options.onCommitted?.(partition, offset);
    },
  });

  consumer.on('consumer.group_join', ({ payload }) => {
    memberId ??= payload.memberId;
    // The group had put us out, and others may have had our partitions meanwhile: what is held is no longer the next.
    if (memberId !== payload.memberId)
      return lose(new Error('the group has put it out, as it was silent for too long'));
    const partitions = payload.memberAssignment[topic.id] ?? [];
    const kept = lanes.assign(partitions);
    for (const partition of partitions) {
      const offset = kept.get(partition) ?? positions?.get(partition);
      // Before anything is fetched: kafkajs calls us on its way.
      if (offset !== undefined) consumer.seek({ topic: topic.id, partition, offset: String(offset) });
    }
    options.onAssigned?.(partitions);
  });
  consumer.on('consumer.fetch', () => {
    fetchedAtMs = Date.now();
  });
  consumer.on('consumer.crash', ({ payload }) => lose(kafkaError(payload.error, `reading ${topic.id}`)));

  const leave = async (): Promise<void> => {
    await lanes.drain();
    isLost = true;
    options.onAssigned?.([]);
    await consumer.disconnect().catch((error: unknown) => {
      log.debug({ group, reason: describeError(error) }, 'a member of a group could not say that it leaves');
    });
  };
  try {
    await consumer.connect();
    await consumer.subscribe({ topic: topic.id, fromBeginning: true });
    await runConsumer(consumer, lanes, () => isLost, options);
    // What kafkajs runs into here is an event, not an error.
    if (isLost) throw await lost.promise;
  } catch (error) {
    await leave();
    throw kafkaError(error, `joining the group ${group} of ${topic.id}`);
  }
  const watch = setInterval(() => {
    if (Date.now() - fetchedAtMs > silenceMs) lose(new Error(`it has fetched nothing for ${silenceMs / 1000} s`));
  }, 5_000).unref();
  void lost.promise.then(() => clearInterval(watch));
  return {
    lanes,
    lost: lost.promise,
    silence: () =>
      Date.now() - fetchedAtMs > silenceMs / 2 ? `group ${group}: brokers have not answered for a while` : undefined,
    leave: async () => {
      clearInterval(watch);
      await leave();
    },
  };
}

async function runConsumer(
  consumer: Consumer,
  lanes: Lanes,
  isLost: () => boolean,
  { onFetched }: ConsumerOptions,
): Promise<void> {
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, resolveOffset, isStale, pause }) => {
      const { partition, messages, highWatermark } = batch;
      const last = messages.at(-1);
      if (last === undefined || isStale()) return;
      if (isLost() || !lanes.add(partition, messages.map(copyOf))) {
        // Not to be fetched again and again until the member has left.
        pause();
        return;
      }
      // The place in memory that fetching goes on from: nothing is committed by it.
      resolveOffset(last.offset);
      onFetched?.(partition, highWatermark);
    },
  });
}

/** kafkajs gives views of the whole answer, which would stay in memory for the last record of it. */
function copyOf({ key, value, offset, timestamp }: FetchedRecord): FetchedRecord {
  const copy = (bytes: Buffer | null): Buffer | null => (bytes === null ? null : Buffer.from(bytes));
  return { key: copy(key), value: copy(value), offset, timestamp };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
