import { groupOf } from '../../catalog/consumer-group.ts';
import type { Topic } from '../../catalog/schema/topic.ts';
import { segmentMiBOf } from '../../catalog/topic-disk.ts';
import { keptForEver } from '../app.ts';
import { type StoreContext, storeMetadata } from './store-context.ts';

const clusterLabel = { 'strimzi.io/cluster': 'kafka' };

/** Holds the password of every user of the bus, under its id. */
export const userSecret = 'kafka-users';

/** The services that write or read a topic, each one user of the bus. */
export function usersOf(topics: readonly Topic[]): string[] {
  return [...new Set(topics.flatMap(({ producers, consumers }) => [...producers, ...consumers]))].sort();
}

/** A topic as the catalog states it, on as many brokers as there are, up to three. */
export function renderTopic(context: StoreContext, topic: Topic): object {
  const { id, partitions, cleanup, retentionHours, retentionMiB, maxRecordKiB } = topic;
  const segmentMiB = segmentMiBOf(topic);
  const replicas = Math.min(3, context.store.replicas);
  return {
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaTopic',
    metadata: storeMetadata(context, {
      name: id,
      wave: 'workload',
      sources: [`topic/${id}`],
      labels: clusterLabel,
      syncOptions: keptForEver,
    }),
    spec: {
      partitions,
      replicas,
      config: {
        'cleanup.policy': cleanup,
        'min.insync.replicas': Math.max(1, replicas - 1),
        ...(retentionHours === undefined ? {} : { 'retention.ms': retentionHours * 3_600_000 }),
        ...(retentionMiB === undefined ? {} : { 'retention.bytes': retentionMiB * 2 ** 20 }),
        ...(segmentMiB === undefined ? {} : { 'segment.bytes': segmentMiB * 2 ** 20 }),
        ...(maxRecordKiB === undefined ? {} : { 'max.message.bytes': maxRecordKiB * 1024 }),
      },
    },
  };
}

/**
 * A service at the bus: it may write what it produces and read what it consumes, in groups whose names begin with its own. To write
 * idempotently takes no right of its own since Kafka 3.0 (KIP-679): whoever may write some topic may.
 */
export function renderUser(context: StoreContext, user: string): object {
  const { topics } = context;
  const produced = topics.filter(({ producers }) => producers.includes(user));
  const consumed = topics.filter(({ consumers }) => consumers.includes(user));
  const onTopic = (name: string, operations: string[]) => ({
    resource: { type: 'topic', name, patternType: 'literal' },
    operations,
  });
  // Groups whose names begin so. The dot at the end tells those of `market` apart from those of `market-api`.
  const onGroups = (name: string, operations: string[]) => ({
    resource: { type: 'group', name, patternType: 'prefix' },
    operations,
  });
  return {
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaUser',
    metadata: storeMetadata(context, {
      name: user,
      wave: 'workload',
      sources: [`service/${user}`, ...[...produced, ...consumed].map(({ id }) => `topic/${id}`)],
      labels: clusterLabel,
    }),
    spec: {
      authentication: {
        type: 'scram-sha-512',
        password: { valueFrom: { secretKeyRef: { name: userSecret, key: user } } },
      },
      authorization: {
        type: 'simple',
        acls: [
          ...produced.map(({ id }) => onTopic(id, ['Write', 'Describe'])),
          ...consumed.map(({ id }) => onTopic(id, ['Read', 'Describe'])),
          // `<service>.<topic>` shares a topic's work, and a follower has a group for itself alone, `<service>.<topic>.<unique>`,
          // which it takes away when it goes. What is shared it cannot take away: with it would go how far the work is done.
          ...(consumed.length === 0 ? [] : [onGroups(groupOf(user, ''), ['Read', 'Describe'])]),
          ...consumed.map(({ id }) => onGroups(`${groupOf(user, id)}.`, ['Delete'])),
        ],
      },
    },
  };
}
