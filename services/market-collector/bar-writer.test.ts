import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { metrics as names } from '../../catalog/metrics.ts';
import { buildBar, buildTrades } from '../datasets/market/bar-fixtures.ts';
import { ConfigurationError, RetryableError } from '../runtime/errors.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import { type BarWriterOptions, createBarWriter } from './bar-writer.ts';

const folders: string[] = [];
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe(createBarWriter, () => {
  test('writes by itself what it was given', async () => {
    const { writer, store } = await setUp({ flushIntervalMs: 5 });
    writer.part.write([bar(1)]);
    await vi.waitFor(() => expect(store.seconds()).toEqual([1]), 30_000);
    writer.part.write([bar(2), bar(3)]);
    await vi.waitFor(() => expect(store.seconds()).toEqual([1, 2, 3]), 30_000);
  });

  test('makes the minutes anew that a killed one left behind, before anything else', async () => {
    const { writer, store } = await setUp();
    writer.part.write([bar(1)]);
    await writer.part.flush();
    expect(store.commands[0]).toContain('max(time)');
    expect(store.commands).toHaveLength(2);
  });

  test('writes in batches of a bounded size, each under a token of its own', async () => {
    const { writer, store } = await setUp({ batchBars: 2 });
    writer.part.write([bar(1), bar(2), bar(3)]);
    await writer.part.flush();
    expect(store.inserts.map(({ seconds }) => seconds)).toEqual([[1, 2], [3]]);
    expect(new Set(store.inserts.map(({ token }) => token)).size).toBe(2);
  });

  test('keeps bars on disk while the store is away, over restarts, and writes them in order', async () => {
    const { writer, store, options, metricOf } = await setUp();
    for (const error of [new RetryableError('away'), new ConfigurationError('password'), new Error('what')]) {
      store.error = error;
      writer.part.write([bar(store.attempts)]);
      await writer.part.flush();
    }
    expect(await writer.health()).toMatchObject({ ok: false });
    expect(await metricOf(names.marketSpillBatches)).toBe(3);
    const errors = await options.metrics.getSingleMetric(names.collectorErrors.name)?.get();
    expect(errors?.values.map(({ labels, value }) => [labels.source, labels.kind, value])).toEqual([
      ['clickhouse', 'unavailable', 1],
      ['clickhouse', 'refused', 2],
    ]);
    expect(await metricOf(names.marketBufferedRows)).toBe(0);
    writer.part.write([bar(10)]);
    await writer.stop();
    expect(store.inserts).toEqual([]);

    store.error = undefined;
    const next = await start(options);
    next.part.write([bar(11)]);
    await next.part.flush();
    const seconds = store.seconds();
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
    expect(seconds).toHaveLength(5);
    expect(await next.health()).toMatchObject({ ok: true });
    expect(await metricOf(names.marketSpillBatches)).toBe(0);
  });

  test('sends a batch again under the same token, as the store may have it', async () => {
    const { writer, store, options } = await setUp();
    store.error = new RetryableError('answer lost');
    writer.part.write([bar(1)]);
    await writer.part.flush();
    const [lost] = store.tokens;
    await writer.stop();
    store.error = undefined;
    await (await start(options)).part.flush();
    expect(store.inserts).toEqual([{ token: lost, seconds: [1] }]);
  });

  test('puts aside a batch that the store refuses again and again, and goes on', async () => {
    const { writer, store, options, metricOf } = await setUp();
    store.refuse = (seconds) => seconds.includes(666);
    writer.part.write([bar(666)]);
    await writer.part.flush();
    writer.part.write([bar(2)]);
    await writer.part.flush();
    expect(store.seconds()).toEqual([]);
    await writer.part.flush();
    expect(store.seconds()).toEqual([2]);
    const [file = ''] = readdirSync(path.join(options.dir, 'refused'));
    expect(JSON.parse(readFileSync(path.join(options.dir, 'refused', file), 'utf8'))).toMatchObject({
      bars: [bar(666)],
    });
    expect(await metricOf(names.marketDeadLetters)).toBe(1);
    expect(await metricOf(names.marketDroppedRows)).toBe(0);
  });

  test('drops and counts what neither memory nor disk has place for', async () => {
    const { writer, store, metricOf } = await setUp({ bufferBars: 3, batchBars: 2, spillBytesMax: 4096 });
    store.error = new RetryableError('away');
    writer.part.write([bar(1), bar(2), bar(3), bar(4)]);
    expect(await metricOf(names.marketDroppedRows)).toBe(1);
    await writer.part.flush();
    expect(await metricOf(names.marketDroppedRows)).toBe(2);
    store.error = undefined;
    await writer.part.flush();
    expect(store.seconds()).toEqual([1, 2]);
  });

  test('drops no bar while there is room on disk, however long a write takes', async () => {
    const { writer, store, metricOf } = await setUp({ bufferBars: 10, batchBars: 4 });
    store.wait = Promise.withResolvers<void>();
    for (let second = 1; second <= 100; second++) {
      writer.part.write([bar(second)]);
      // The disk keeps up.
      const waiting = async () => Number.parseInt((await writer.health()).detail ?? '', 10);
      await vi.waitFor(async () => expect(await waiting()).toBeLessThan(5), 30_000);
    }
    expect(await metricOf(names.marketDroppedRows)).toBe(0);
    expect(await metricOf(names.marketSpillBatches)).toBeGreaterThan(0);
    store.wait.resolve();
    await writer.part.flush();
    expect(store.seconds().sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
  });

  test('takes bars while the store keeps it waiting, and has them on disk before it waits for that to end', async () => {
    const { writer, store, options } = await setUp();
    store.wait = Promise.withResolvers<void>();
    writer.part.write([bar(1)]);
    const flushed = writer.part.flush();
    await vi.waitFor(() => expect(store.attempts).toBeGreaterThan(0), 30_000);
    writer.part.write([bar(2)]);
    const stopped = writer.stop();
    const batches = () => readdirSync(options.dir).filter((name) => name.endsWith('.batch'));
    await vi.waitFor(() => expect(batches()).toHaveLength(1), 30_000);
    store.wait.resolve();
    await flushed;
    await stopped;
    expect(store.seconds()).toEqual([1, 2]);
  });
});

async function setUp(parts: Partial<BarWriterOptions> = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'defimon-bar-writer-'));
  folders.push(folder);
  const store = createStore();
  const metrics = new Registry();
  const dir = path.join(folder, 'bars');
  const log = pino({ level: 'silent' });
  const options = { timeseries: store.timeseries, dir, log, metrics, flushIntervalMs: 3_600_000, ...parts };
  const writer = await start(options);
  const metricOf = async ({ name }: { name: string }) => {
    const { values } = (await metrics.getSingleMetric(name)?.get()) ?? { values: [] };
    return values.find(({ labels }) => labels.queue === 'bars')?.value;
  };
  return { writer, store, options, metricOf };
}

async function start(options: BarWriterOptions) {
  const writer = await createBarWriter(options);
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopped ??= writer.stop();
    return stopped;
  };
  stops.push(stop);
  return { ...writer, stop };
}

/** A store that keeps nothing but what it was asked for, and fails as it is told to. */
function createStore() {
  const store = {
    inserts: [] as { token: string | undefined; seconds: number[] }[],
    tokens: [] as (string | undefined)[],
    commands: [] as string[],
    attempts: 0,
    error: undefined as Error | undefined,
    refuse: (_seconds: number[]): boolean => false,
    wait: undefined as PromiseWithResolvers<void> | undefined,
    seconds: () => store.inserts.flatMap(({ seconds }) => seconds),
    timeseries: {
      query: () => Promise.reject(new Error('nothing to query')),
      command: async (sql) => {
        store.commands.push(sql);
      },
      insert: async (_table, rows, options) => {
        store.attempts++;
        store.tokens.push(options?.token);
        await store.wait?.promise;
        const seconds = rows.map((row) => (row as { first_trade_id: number }).first_trade_id);
        if (store.error !== undefined) throw store.error;
        if (store.refuse(seconds)) throw new Error('cannot parse input');
        store.inserts.push({ token: options?.token, seconds });
      },
    } satisfies Timeseries,
  };
  return store;
}

function bar(id: number) {
  return buildBar('AB', id, { traded: buildTrades(id, 5) });
}
