import { randomUUID } from 'node:crypto';
import { type Logger, pino } from 'pino';
import type { Registry } from 'prom-client';
import type { Topic } from '../../../catalog/schema/topic.ts';
import type { KafkaSettings } from '../../runtime/stores-config.ts';
import type { Watchable } from '../../runtime/watch-store.ts';
import type { Bus } from '../bus.ts';
import { openKafkaBus } from '../networked/kafka.ts';

/** A topic of the catalog that no other test has: a week of records of up to a MiB. */
export function topicForTest(more: Partial<Topic> = {}): Topic {
  return {
    id: `test.t${randomUUID()}`,
    purpose: 'A test',
    owner: 'tests',
    pool: 'tests',
    key: 'key',
    partitions: 6,
    cleanup: 'delete',
    retentionHours: 168,
    producers: ['tests'],
    consumers: ['tests'],
    ...more,
  };
}

/** The bus at a broker without passwords, which makes its topics by itself unless told otherwise. */
export function openKafkaBusForTest(
  brokers: readonly string[],
  topics: readonly Topic[],
  more: { readonly kafka?: Partial<KafkaSettings>; readonly metrics?: Registry; readonly log?: Logger } = {},
): Promise<Watchable<Bus>> {
  const { kafka, log = pino({ level: 'silent' }), ...rest } = more;
  return openKafkaBus({
    kafka: { brokers, tls: false, createsTopics: true, ...kafka },
    topics: () => topics,
    log,
    ...rest,
  });
}
