import type { Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { metrics } from '../../../catalog/metrics.ts';
import type { Topic } from '../../../catalog/schema/topic.ts';
import { counterOf } from '../../runtime/metrics.ts';
import { kafkaError } from './kafka-errors.ts';

/** Keeps account of what a group can never be given: it was away, or stuck, for longer than its topic keeps records. */
export interface Losses {
  /** Compares where the group is with where each partition begins. Asked before its member joins. */
  look(topic: Topic): Promise<void>;
  /** The records from `from` up to, not including, `to` are gone. Told once, whoever notices. */
  note(partition: number, from: bigint, to: bigint): void;
  /** What was lost since this process started, in words. */
  readonly detail: string | undefined;
}

export function createLosses(deps: {
  readonly client: () => Kafka;
  readonly topic: string;
  readonly group: string;
  readonly log: Logger;
  readonly registry: Registry;
}): Losses {
  const { client, topic, group, log } = deps;
  const counter = counterOf(deps.registry, metrics.busLost);
  /** Up to where each partition's losses are told. */
  const told = new Map<number, bigint>();
  let lost = 0n;
  let isToldBegin = false;

  const note = (partition: number, from: bigint, to: bigint): void => {
    const since = told.get(partition);
    const start = since !== undefined && since > from ? since : from;
    if (start >= to) return;
    told.set(partition, to);
    const count = Number(to - start);
    lost += to - start;
    counter.inc({ topic, group }, count);
    const where = { topic, group, partition, fromOffset: String(start), toOffset: String(to), count };
    log.error(where, 'records of the bus were removed before they were handled: have their source tell them again');
  };

  return {
    look: async ({ cleanup }) => {
      // Of a compacted topic what was removed is replaced.
      if (cleanup !== 'delete') return;
      const admin = client().admin();
      try {
        await admin.connect();
        const [kept, [reached]] = await Promise.all([
          admin.fetchTopicOffsets(topic),
          admin.fetchOffsets({ groupId: group, topics: [topic] }),
        ]);
        const begun: number[] = [];
        for (const { partition, low } of kept) {
          const place = BigInt(reached?.partitions.find((other) => other.partition === partition)?.offset ?? -1);
          if (place >= 0n) note(partition, place, BigInt(low));
          else if (BigInt(low) > 0n) begun.push(partition);
        }
        // Nobody knows what it had: a new group on an old topic has lost nothing, and of a quiet partition brokers forget the place.
        if (begun.length > 0 && !isToldBegin)
          log.warn({ topic, group, partitions: begun }, 'a group without a place begins with the oldest that is kept');
        isToldBegin ||= begun.length > 0;
      } catch (error) {
        throw kafkaError(error, `asking where ${group} is in ${topic}`);
      } finally {
        await admin.disconnect().catch(() => {});
      }
    },
    note,
    get detail() {
      return lost === 0n ? undefined : `${lost} records of ${topic} were removed before ${group} had them`;
    },
  };
}
