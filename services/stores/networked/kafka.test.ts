import { Kafka, logLevel } from 'kafkajs';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metrics as names } from '../../../catalog/metrics.ts';
import { RetryableError } from '../../runtime/errors.ts';
import { secretOf } from '../../runtime/settings.ts';
import type { KafkaSettings } from '../../runtime/stores-config.ts';
import { kafkaMissing } from '../../testing/kafka/kafka-jars.ts';
import { type KafkaServer, startKafka } from '../../testing/kafka/kafka-server.ts';
import { expectConfigurationError, until } from '../contract.ts';
import { openKafkaBusForTest, topicForTest } from '../testing/kafka-bus.ts';
import { openKafkaBus } from './kafka.ts';
import { readKafkaTopic } from './kafka-read.ts';

const missing = kafkaMissing();
const patienceMs = 50_000;
const password = 'a-secret-of-alice';

const name = `${openKafkaBus.name}${missing === undefined ? '' : ` (${missing})`}`;
describe.skipIf(missing !== undefined)(name, { timeout: 180_000 }, () => {
  let kafka: KafkaServer;
  beforeAll(async () => {
    kafka = await startKafka({ users: { alice: password }, tls: true });
  });
  afterAll(() => kafka?.stop());

  describe('connecting', () => {
    const sasl = (mechanism: 'scram-sha-512' | 'scram-sha-256' | 'plain', of = password) => ({
      sasl: { mechanism, username: 'alice', password: secretOf(of) },
    });
    const exchange = async (brokers: readonly string[], settings: Partial<KafkaSettings>): Promise<void> => {
      const topic = topicForTest();
      const { part: bus, stop } = await openKafkaBusForTest(brokers, [topic], { kafka: settings });
      try {
        const seen: unknown[] = [];
        await bus.publish(topic.id, [{ key: 'a', value: 1 }]);
        await bus.subscribe(topic.id, 'one', async ({ messages }) => void seen.push(...messages));
        await until(() => seen.length === 1, patienceMs);
      } finally {
        await stop();
      }
    };

    it.each(['scram-sha-512', 'scram-sha-256', 'plain'] as const)('shows a password by %s', (mechanism) =>
      exchange(kafka.saslBrokers, sasl(mechanism)),
    );

    it('trusts the certificate of its authority', () =>
      exchange(kafka.tlsBrokers, { ...sasl('scram-sha-512'), tls: true, ca: secretOf(kafka.ca ?? '') }));

    it('asks for other settings when the password is wrong, without showing it', async () => {
      for (const mechanism of ['scram-sha-512', 'plain'] as const) {
        const opening = openKafkaBusForTest(kafka.saslBrokers, [], { kafka: sasl(mechanism, 'wrong-one') });
        await expectConfigurationError(opening, /KAFKA_PASSWORD/, 'wrong-one');
      }
    });

    it('asks for the certificate of an authority it does not know', async () => {
      const opening = openKafkaBusForTest(kafka.tlsBrokers, [], { kafka: { ...sasl('plain'), tls: true } });
      await expectConfigurationError(opening, /KAFKA_CA/, password);
    });

    it('says that the listener has no TLS', async () => {
      const { health, stop } = await openKafkaBusForTest(kafka.brokers, [], { kafka: { tls: true } });
      await until(async () => /connecting to 127\.0\.0\.1/.test((await health()).detail ?? ''), patienceMs);
      await stop();
    });
  });

  describe('topics', () => {
    it('makes them as the catalog says, and adds partitions', async () => {
      const kept = { retentionHours: 3, retentionMiB: 700, maxRecordKiB: 64 };
      const topic = topicForTest({ partitions: 2, cleanup: 'compact', ...kept });
      const [before, after] = [topic, { ...topic, partitions: 3 }];
      for (const each of [before, after]) {
        const { part: bus, stop } = await openKafkaBusForTest(kafka.brokers, [each]);
        await bus.publish(topic.id, [{ key: 'a', value: 1 }]);
        await stop();
      }
      const admin = adminOf(kafka);
      await admin.connect();
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic.id] });
      const { resources } = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [
          {
            ...{ type: 2, name: topic.id },
            configNames: ['cleanup.policy', 'retention.ms', 'retention.bytes', 'segment.bytes', 'max.message.bytes'],
          },
        ],
      });
      await admin.disconnect();
      expect(topics[0]?.partitions).toHaveLength(3);
      const entries = resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]) ?? [];
      expect(Object.fromEntries(entries)).toEqual({
        'cleanup.policy': 'compact',
        'retention.ms': '10800000',
        'retention.bytes': '734003200',
        'segment.bytes': '73400320',
        'max.message.bytes': '65536',
      });
    });

    it('waits for those that an operator makes', async () => {
      const topic = topicForTest();
      const opened = await openKafkaBusForTest(kafka.brokers, [topic], { kafka: { createsTopics: false } });
      const { part: bus, health, stop } = opened;
      const seen: unknown[] = [];
      await bus.subscribe(
        topic.id,
        'one',
        async ({ messages }) => void seen.push(...messages.map(({ value }) => value)),
      );
      const error = await bus.publish(topic.id, [{ key: 'a', value: 1 }]).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(RetryableError);
      expect(String(error)).toMatch(new RegExp(`${topic.id}.*operator`));
      expect((await health()).detail).toMatch(new RegExp(`${topic.id}.*operator`));
      const maker = await openKafkaBusForTest(kafka.brokers, [topic]);
      await maker.part.publish(topic.id, [{ key: 'a', value: 1 }]);
      await maker.stop();
      await bus.publish(topic.id, [{ key: 'a', value: 2 }]);
      await until(() => seen.length === 2, patienceMs);
      await stop();
    });

    it('goes on with one that is removed and made anew, under other names for its batches', async () => {
      const topic = topicForTest({ partitions: 1 });
      const { part: bus, stop } = await openKafkaBusForTest(kafka.brokers, [topic]);
      const ids: string[] = [];
      await bus.subscribe(topic.id, 'one', async ({ id }) => void ids.push(id));
      await bus.publish(topic.id, [{ key: 'a', value: 1 }]);
      await until(() => ids.length === 1, patienceMs);
      const admin = adminOf(kafka);
      await admin.connect();
      await admin.deleteTopics({ topics: [topic.id] });
      await admin.disconnect();
      const publishedAgain = (): Promise<boolean> =>
        bus.publish(topic.id, [{ key: 'a', value: 1 }]).then(
          () => true,
          () => false,
        );
      await until(publishedAgain, patienceMs);
      await until(() => ids.length === 2, patienceMs);
      const [before, after] = ids.map((id) => id.split('/'));
      expect(before?.slice(0, 3)).toEqual(after?.slice(0, 3));
      expect(before).not.toEqual(after);
      await stop();
    });

    it('reads what brokers compress, and says which compression it cannot read', async () => {
      const compressions = ['zstd', 'gzip', 'lz4'];
      const topics = compressions.map(() => topicForTest({ partitions: 1 }));
      const admin = adminOf(kafka);
      await admin.connect();
      await admin.createTopics({
        topics: topics.map(({ id }, at) => ({
          topic: id,
          numPartitions: 1,
          configEntries: [{ name: 'compression.type', value: compressions[at] ?? '' }],
        })),
      });
      await admin.disconnect();
      const { part: bus, health, stop } = await openKafkaBusForTest(kafka.brokers, topics);
      const text = 'as often as not '.repeat(1_000);
      const seen = new Map<string, unknown>();
      for (const { id } of topics) {
        await bus.subscribe(id, `reader-of-${id}`, async ({ messages }) => void seen.set(id, messages[0]?.value));
        await bus.publish(id, [{ key: 'a', value: text }]);
      }
      await until(() => seen.size === 2, patienceMs);
      await until(async () => !(await health()).ok, patienceMs);
      expect([...seen.values()]).toEqual([text, text]);
      expect((await health()).detail).toMatch(/LZ4.*compression\.type of the topic/);
      await stop();
    });

    it('refuses one that the catalog does not have', async () => {
      const { part: bus, stop } = await openKafkaBusForTest(kafka.brokers, []);
      await expectConfigurationError(bus.publish('nowhere', [{ key: 'a', value: 1 }]), /nowhere.*topics\.yaml/);
      await stop();
    });
  });

  it('refuses a record that is too large, and splits what is too large for a request', async () => {
    const topic = topicForTest({ maxRecordKiB: 64, partitions: 1 });
    const { part: bus, stop } = await openKafkaBusForTest(kafka.brokers, [topic]);
    const seen: unknown[] = [];
    await bus.subscribe(topic.id, 'one', async ({ messages }) => {
      seen.push(...messages.map(({ value }) => (value as { n: number }).n));
    });
    const refused = bus.publish(topic.id, [{ key: 'big', value: 'x'.repeat(64 << 10) }]);
    await expect(refused).rejects.toThrow(/key big.*takes 65536/);
    await expect(refused).rejects.not.toBeInstanceOf(RetryableError);
    const large = 'x'.repeat((64 << 10) - 200);
    const messages = Array.from({ length: 40 }, (_, n) => ({
      key: 'a',
      value: { n, large: n % 3 === 0 ? large : '' },
    }));
    await bus.publish(topic.id, messages);
    await until(() => seen.length === 40, patienceMs);
    expect(seen).toEqual(messages.map((_, n) => n));
    await stop();
  });

  it('holds little and stays in its group while a handler is stuck for longer than its session', async () => {
    const topic = topicForTest({ partitions: 4 });
    const registry = new Registry();
    const { part: bus, stop } = await openKafkaBusForTest(kafka.brokers, [topic], { metrics: registry });
    const gate = Promise.withResolvers<void>();
    const seen: unknown[] = [];
    await bus.subscribe(topic.id, 'one', async ({ messages }) => {
      await gate.promise;
      seen.push(...messages.map(({ value }) => (value as { n: number }).n));
    });
    const text = 'x'.repeat(1_000);
    for (let n = 0; n < 40_000; n += 4_000) {
      const values = Array.from({ length: 4_000 }, (_, at) => ({ key: `key ${at % 16}`, value: { n: n + at, text } }));
      await bus.publish(topic.id, values);
    }
    const read = async (name: keyof typeof names): Promise<number[]> => {
      const found = (await registry.getSingleMetric(names[name].name)?.get())?.values ?? [];
      return found.map(({ value }) => value);
    };
    const lag = async (): Promise<number> => (await read('busLag')).reduce((sum, value) => sum + value, 0);
    await until(async () => (await lag()) === 40_000, patienceMs);
    // The session is ten seconds long, and the lag is looked at every ten.
    await new Promise((resolve) => setTimeout(resolve, 12_000));
    const [held] = await read('busHeld');
    expect(held).toBeGreaterThan(0);
    // Four fetches of a MiB, and an answer of 4 MiB.
    expect(held).toBeLessThan(9 << 20);
    gate.resolve();
    await until(() => seen.length >= 40_000, patienceMs);
    await until(async () => (await lag()) === 0, patienceMs);
    expect([seen.length, new Set(seen).size]).toEqual([40_000, 40_000]);
    await stop();
    expect(await read('busLag')).toEqual([]);
  });

  it('gives text that is no JSON as it is, for the consumer to refuse', async () => {
    const topic = topicForTest({ partitions: 1 });
    const { part: bus, stop } = await openKafkaBusForTest(kafka.brokers, [topic]);
    await bus.publish(topic.id, [{ key: 'a', value: 1 }]);
    const producer = clientOf(kafka).producer({ allowAutoTopicCreation: false });
    await producer.connect();
    await producer.send({ topic: topic.id, messages: [{ key: 'b', value: '{"half": ' }, { value: null }] });
    await producer.disconnect();
    const seen: unknown[] = [];
    await bus.subscribe(topic.id, 'one', async ({ messages }) => {
      seen.push(...messages.map(({ key, value }) => [key, value]));
    });
    await until(() => seen.length === 3, patienceMs);
    expect(seen).toEqual([
      ['a', 1],
      ['b', '{"half": '],
      ['', null],
    ]);
    await stop();
  });

  describe('records that were removed before their group had them', () => {
    it('are told when it comes back, as a loss of what it never had', async () => {
      const topic = topicForTest({ partitions: 1 });
      const { bus, health, lost, lines, stop } = await openWatchedBus(topic);
      const seen: unknown[] = [];
      const subscribe = () =>
        bus.subscribe(topic.id, 'one', async ({ messages }) => void seen.push(...messages.map(({ value }) => value)));
      await bus.publish(topic.id, [{ key: 'a', value: 0 }]);
      const unsubscribe = await subscribe();
      await until(() => seen.length === 1, patienceMs);
      await unsubscribe();
      for (let value = 1; value < 6; value++) await bus.publish(topic.id, [{ key: 'a', value }]);
      expect(await lost()).toEqual([]);
      await removeBelow(topic.id, '4');
      await subscribe();
      await until(() => seen.length === 3, patienceMs);
      expect(seen).toEqual([0, 4, 5]);
      expect(lines).toMatchObject([{ topic: topic.id, group: 'one', fromOffset: '1', toOffset: '4', count: 3 }]);
      expect(await lost()).toEqual([{ labels: { topic: topic.id, group: 'one' }, value: 3 }]);
      expect(await health()).toEqual({
        ok: true,
        detail: expect.stringMatching(/^3 records of .* before one had them/),
      });
      await stop();
    });

    it('are no loss of a group that has no place, as one that is new', async () => {
      const topic = topicForTest({ partitions: 1 });
      const { bus, lost, lines, stop } = await openWatchedBus(topic);
      for (let value = 0; value < 3; value++) await bus.publish(topic.id, [{ key: 'a', value }]);
      await removeBelow(topic.id, '2');
      const seen: unknown[] = [];
      await bus.subscribe(topic.id, 'one', async ({ messages }) => void seen.push(...messages));
      await until(() => seen.length === 1, patienceMs);
      expect([await lost(), lines]).toEqual([[], []]);
      await stop();
    });

    it('are told of a member whose handler was stuck meanwhile', async () => {
      const topic = topicForTest({ partitions: 1 });
      const { bus, lines, held, stop } = await openWatchedBus(topic);
      const gate = Promise.withResolvers<void>();
      const seen: unknown[] = [];
      await bus.subscribe(topic.id, 'one', async ({ messages }) => {
        await gate.promise;
        seen.push(...messages.map(({ value }) => value));
      });
      // One in hand, and one that waits; then nothing more is fetched.
      for (const value of [0, 1]) {
        await bus.publish(topic.id, [{ key: 'a', value }]);
        await until(async () => (await held()) === 2 * (value + 1), patienceMs);
      }
      for (const value of [2, 3, 4]) await bus.publish(topic.id, [{ key: 'a', value }]);
      await removeBelow(topic.id, '4');
      gate.resolve();
      await until(() => seen.includes(4), patienceMs);
      expect(seen).toEqual([0, 1, 4]);
      expect(lines).toMatchObject([{ fromOffset: '2', toOffset: '4', count: 2 }]);
      await stop();
    });

    async function openWatchedBus(topic: ReturnType<typeof topicForTest>) {
      const lines: Record<string, unknown>[] = [];
      const log = pino({ level: 'error' }, { write: (line) => void lines.push(JSON.parse(line)) });
      const metrics = new Registry();
      const { part: bus, health, stop } = await openKafkaBusForTest(kafka.brokers, [topic], { log, metrics });
      const read = async (metric: 'busLost' | 'busHeld') =>
        (await metrics.getSingleMetric(names[metric].name)?.get())?.values ?? [];
      return {
        ...{ bus, health, stop, lines },
        lost: async () => (await read('busLost')).map(({ labels, value }) => ({ labels, value })),
        held: async () => (await read('busHeld'))[0]?.value,
      };
    }
  });

  describe(readKafkaTopic, () => {
    it('gives nothing more once what it gave was not taken', async () => {
      const { read, given, gate, stop } = await readLargeRecords(2);
      gate.reject(new RetryableError('not taken'));
      await expect(read).rejects.toThrow('not taken');
      expect(given).toEqual(['0']);
      await stop();
    });

    it('waits for nothing that is removed before it comes', async () => {
      const { read, given, gate, topic, stop } = await readLargeRecords(4);
      await removeBelow(topic.id, '4');
      gate.resolve();
      await read;
      // The second may have come already.
      expect(given).not.toContain('2');
      await stop();
    });

    /** Reads a topic whose records come one by one, and has been given the first when it resolves. */
    async function readLargeRecords(count: number) {
      const topic = topicForTest({ partitions: 1 });
      const { part: bus, stop } = await openKafkaBusForTest(kafka.brokers, [topic]);
      for (let at = 0; at < count; at++) await bus.publish(topic.id, [{ key: 'a', value: 'x'.repeat(700_000) }]);
      const given: string[] = [];
      const gate = Promise.withResolvers<void>();
      const read = readKafkaTopic({
        kafka: { brokers: kafka.brokers, tls: false, createsTopics: false },
        ...{ topic, log: pino({ level: 'silent' }) },
        take: async (records) => {
          given.push(...records.map(({ offset }) => offset));
          await gate.promise;
        },
      });
      await until(() => given.length > 0, patienceMs);
      return { read, given, gate, topic, stop };
    }
  });

  async function removeBelow(topic: string, offset: string): Promise<void> {
    const admin = adminOf(kafka);
    await admin.connect();
    // By this it knows the partition's leader.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset }] });
    await admin.disconnect();
  }

  it('leaves no group of those who followed', async () => {
    const topic = topicForTest();
    const { part: bus, stop } = await openKafkaBusForTest(kafka.brokers, [topic]);
    await bus.follow(topic.id, `follower-of-${topic.id}`, async () => {});
    await stop();
    const admin = adminOf(kafka);
    await admin.connect();
    const { groups } = await admin.listGroups();
    await admin.disconnect();
    expect(groups.filter(({ groupId }) => groupId.includes(topic.id))).toEqual([]);
  });
});

function clientOf({ brokers }: KafkaServer): Kafka {
  return new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING });
}

function adminOf(kafka: KafkaServer) {
  return clientOf(kafka).admin();
}
