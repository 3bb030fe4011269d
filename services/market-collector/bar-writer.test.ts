import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { metrics as names } from '../../catalog/metrics.ts';
import { buildBar, buildTrades } from '../datasets/market/bar-fixtures.ts';
import { barsTopic, parseBar } from '../datasets/market/bar-message.ts';
import { ConfigurationError, RetryableError } from '../runtime/errors.ts';
import type { Bus } from '../stores/bus.ts';
import { type BarWriterOptions, createBarWriter } from './bar-writer.ts';

const folders: string[] = [];
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe(createBarWriter, () => {
  test('publishes by itself what it was given', async () => {
    const { writer, bus } = await setUp({ flushIntervalMs: 5 });
    writer.part.write([bar(1)]);
    await vi.waitFor(() => expect(bus.seconds()).toEqual([1]), 30_000);
    writer.part.write([bar(2), bar(3)]);
    await vi.waitFor(() => expect(bus.seconds()).toEqual([1, 2, 3]), 30_000);
  });

  test('publishes in batches of a bounded size, each bar under its symbol', async () => {
    const { writer, bus, counted } = await setUp({ batchBars: 2 });
    writer.part.write([bar(1), bar(2), bar(3)]);
    await writer.part.flush();
    expect(bus.published).toEqual([[1, 2], [3]]);
    expect(bus.keys).toEqual(['AB', 'AB', 'AB']);
    expect(await counted(names.marketBarsPublished)).toBe(3);
  });

  test('keeps bars on disk while the bus is away, over restarts, and publishes them in order', async () => {
    const { writer, bus, options, metricOf } = await setUp();
    for (const error of [new RetryableError('away'), new ConfigurationError('password'), new Error('what')]) {
      bus.error = error;
      writer.part.write([bar(bus.attempts)]);
      await writer.part.flush();
    }
    expect(await writer.health()).toMatchObject({ ok: false });
    expect(await metricOf(names.marketSpillBatches)).toBe(3);
    const errors = await options.metrics.getSingleMetric(names.collectorErrors.name)?.get();
    expect(errors?.values.map(({ labels, value }) => [labels.source, labels.kind, value])).toEqual([
      ['bus', 'unavailable', 1],
      ['bus', 'refused', 2],
    ]);
    expect(await metricOf(names.marketBufferedRows)).toBe(0);
    writer.part.write([bar(10)]);
    await writer.stop();
    expect(bus.published).toEqual([]);

    bus.error = undefined;
    const next = await start(options);
    next.part.write([bar(11)]);
    await next.part.flush();
    const seconds = bus.seconds();
    expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
    expect(seconds).toHaveLength(5);
    expect(await next.health()).toMatchObject({ ok: true });
    expect(await metricOf(names.marketSpillBatches)).toBe(0);
  });

  test('publishes a batch again of which the bus may have some', async () => {
    const { writer, bus, options } = await setUp();
    bus.error = new RetryableError('answer lost');
    writer.part.write([bar(1)]);
    await writer.part.flush();
    await writer.stop();
    bus.error = undefined;
    await (await start(options)).part.flush();
    expect(bus.published).toEqual([[1]]);
  });

  test('puts aside a batch that the bus refuses again and again, and goes on', async () => {
    const { writer, bus, options, metricOf } = await setUp();
    bus.refuse = (seconds) => seconds.includes(666);
    writer.part.write([bar(666)]);
    await writer.part.flush();
    writer.part.write([bar(2)]);
    await writer.part.flush();
    expect(bus.seconds()).toEqual([]);
    await writer.part.flush();
    expect(bus.seconds()).toEqual([2]);
    const [file = ''] = readdirSync(path.join(options.dir, 'refused'));
    expect(JSON.parse(readFileSync(path.join(options.dir, 'refused', file), 'utf8'))).toMatchObject({
      bars: [bar(666)],
    });
    expect(await metricOf(names.marketDeadLetters)).toBe(1);
    expect(await metricOf(names.marketDroppedRows)).toBe(0);
  });

  test('drops and counts what neither memory nor disk has place for', async () => {
    const { writer, bus, metricOf } = await setUp({ bufferBars: 3, batchBars: 2, spillBytesMax: 4096 });
    bus.error = new RetryableError('away');
    writer.part.write([bar(1), bar(2), bar(3), bar(4)]);
    expect(await metricOf(names.marketDroppedRows)).toBe(1);
    await writer.part.flush();
    expect(await metricOf(names.marketDroppedRows)).toBe(2);
    bus.error = undefined;
    await writer.part.flush();
    expect(bus.seconds()).toEqual([1, 2]);
  });

  test('drops no bar while there is room on disk, however long a batch takes', async () => {
    const { writer, bus, metricOf } = await setUp({ bufferBars: 10, batchBars: 4 });
    bus.wait = Promise.withResolvers<void>();
    for (let second = 1; second <= 100; second++) {
      writer.part.write([bar(second)]);
      // The disk keeps up.
      const waiting = async () => Number.parseInt((await writer.health()).detail ?? '', 10);
      await vi.waitFor(async () => expect(await waiting()).toBeLessThan(5), 30_000);
    }
    expect(await metricOf(names.marketDroppedRows)).toBe(0);
    expect(await metricOf(names.marketSpillBatches)).toBeGreaterThan(0);
    bus.wait.resolve();
    await writer.part.flush();
    expect(bus.seconds().sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
  });

  test('takes bars while the bus keeps it waiting, and has them on disk before it waits for that to end', async () => {
    const { writer, bus, options } = await setUp();
    bus.wait = Promise.withResolvers<void>();
    writer.part.write([bar(1)]);
    const flushed = writer.part.flush();
    await vi.waitFor(() => expect(bus.attempts).toBeGreaterThan(0), 30_000);
    writer.part.write([bar(2)]);
    const stopped = writer.stop();
    const batches = () => readdirSync(options.dir).filter((name) => name.endsWith('.batch'));
    await vi.waitFor(() => expect(batches()).toHaveLength(1), 30_000);
    bus.wait.resolve();
    await flushed;
    await stopped;
    expect(bus.seconds()).toEqual([1, 2]);
  });
});

async function setUp(parts: Partial<BarWriterOptions> = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'defimon-bar-writer-'));
  folders.push(folder);
  const bus = createBus();
  const metrics = new Registry();
  const dir = path.join(folder, 'bars');
  const log = pino({ level: 'silent' });
  const options = { bus, dir, log, metrics, flushIntervalMs: 3_600_000, ...parts };
  const writer = await start(options);
  const metricOf = async ({ name }: { name: string }) => {
    const { values } = (await metrics.getSingleMetric(name)?.get()) ?? { values: [] };
    return values.find(({ labels }) => labels.queue === 'bars')?.value;
  };
  const counted = async ({ name }: { name: string }) => (await metrics.getSingleMetric(name)?.get())?.values[0]?.value;
  return { writer, bus, options, metricOf, counted };
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

/** A bus that keeps nothing but what it was given, and fails as it is told to. */
function createBus() {
  const bus = {
    published: [] as number[][],
    keys: [] as string[],
    attempts: 0,
    error: undefined as Error | undefined,
    refuse: (_seconds: number[]): boolean => false,
    wait: undefined as PromiseWithResolvers<void> | undefined,
    seconds: () => bus.published.flat(),
    publish: async (topic: string, messages: Parameters<Bus['publish']>[1]) => {
      bus.attempts++;
      expect(topic).toBe(barsTopic);
      await bus.wait?.promise;
      const seconds = messages.map(({ value }) => parseBar(value).traded?.firstId ?? 0);
      if (bus.error !== undefined) throw bus.error;
      if (bus.refuse(seconds)) throw new Error('too large');
      bus.published.push(seconds);
      bus.keys.push(...messages.map(({ key }) => key));
    },
  };
  return bus;
}

function bar(id: number) {
  return buildBar('AB', id, { traded: buildTrades(id, 5) });
}
