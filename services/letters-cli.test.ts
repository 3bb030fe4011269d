import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCatalog } from '../catalog/load.ts';
import type { Bus } from './stores/bus.ts';
import { consume } from './stores/consume.ts';
import { until } from './stores/contract.ts';
import { openKafkaBusForTest } from './stores/testing/kafka-bus.ts';
import { kafkaMissing } from './testing/kafka/kafka-jars.ts';
import { type KafkaServer, startKafka } from './testing/kafka/kafka-server.ts';

const missing = kafkaMissing();
const patienceMs = 50_000;
const root = join(import.meta.dirname, '..');

describe.skipIf(missing !== undefined)('npm run letters', { timeout: 120_000 }, () => {
  let kafka: KafkaServer;
  beforeAll(async () => {
    kafka = await startKafka();
  });
  afterAll(() => kafka?.stop());

  it('shows each letter once with its reason, and sends again what is asked for', async () => {
    const { topics } = loadCatalog(join(root, 'catalog'));
    const { part: bus, stop } = await openKafkaBusForTest(kafka.brokers, topics);
    const taken: string[] = [];
    const seen: unknown[] = [];
    await bus.follow('market.bars.dead', 'test', async ({ messages }) => void seen.push(...messages));
    const refused = new Set(['two', 'three']);
    await consumeWords(bus, refused, taken);
    for (const value of ['one', 'two', 'three', 4]) await bus.publish('market.bars', [{ key: 'BTCUSDT', value }]);
    await until(() => seen.length === 3, patienceMs);
    // As if their batch had been given again after they were put aside.
    const [first] = seen as { key: string; value: unknown }[];
    await bus.publish('market.bars.dead', [{ key: 'BTCUSDT', value: first?.value }]);

    const all = await letters('market.bars');
    expect(all.split('\n').filter((line) => line.includes('is refused'))).toHaveLength(2);
    expect(all).toMatch(/BTCUSDT.*offset \d+.*two is refused/);
    expect(all).toContain('3 letters of market.bars\n');
    expect(await letters('market.bars', '--reason', 'no word')).toContain('1 letters of market.bars\n');
    expect(await letters('chain.blocks')).toContain('0 letters of chain.blocks');

    refused.clear();
    expect(await letters('market.bars', '--reason', 'refused', '--send')).toContain(
      '2 letters of market.bars; 2 sent again',
    );
    await until(() => taken.length === 3, patienceMs);
    expect(taken.toSorted()).toEqual(['one', 'three', 'two']);
    await stop();
  });

  it('says what is missing, and ends with 1', async () => {
    await expect(run('market.bars', {})).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('KAFKA_BROKERS'),
    });
    await expect(run('nowhere', {})).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('chain.blocks'),
    });
  });

  async function letters(topic: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await run(topic, { KAFKA_BROKERS: kafka.brokers.join() }, args);
    return stdout;
  }
});

function run(topic: string, env: Readonly<Record<string, string>>, args: readonly string[] = []) {
  return promisify(execFile)(process.execPath, [join(root, 'services', 'letters-cli.ts'), topic, ...args], { env });
}

/** A consumer of words, which refuses some. */
async function consumeWords(bus: Bus, refused: ReadonlySet<string>, taken: string[]): Promise<void> {
  await consume(bus, {
    topic: 'market.bars',
    group: 'words',
    parse: (value) => {
      if (typeof value !== 'string') throw new Error(`${String(value)} is no word`);
      return value;
    },
    handle: async ({ messages }) => {
      const wrong = messages.find(({ value }) => refused.has(value));
      if (wrong !== undefined) throw new Error(`${wrong.value} is refused`);
      taken.push(...messages.map(({ value }) => value));
    },
    isRefused: () => true,
    log: pino({ level: 'silent' }),
  });
}
