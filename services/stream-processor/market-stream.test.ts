import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { metrics as names } from '../../catalog/metrics.ts';
import { type BarStore, buildBar, buildTrades, midnightMs, openBarStore } from '../datasets/market/bar-fixtures.ts';
import { barsTopic, messageOf } from '../datasets/market/bar-message.ts';
import { readCandles } from '../datasets/market/candles.ts';
import { writeSeconds } from '../datasets/market/timeseries.ts';
import { RetryableError } from '../runtime/errors.ts';
import type { Message } from '../stores/bus.ts';
import { createEmbeddedBus } from '../stores/embedded/bus.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import { createMarketStream } from './market-stream.ts';

const waiting = { timeout: 30_000, interval: 20 };

let store: BarStore;
beforeAll(async () => {
  store = await openBarStore();
});
afterAll(() => store[Symbol.asyncDispose]());
beforeEach(async () => {
  for (const table of ['market_bars_1s', 'market_bars_1m', 'market_bars_1h', 'market_bars_1d', 'market_rolled_up'])
    await store.timeseries.command(`TRUNCATE TABLE ${table}`);
});

describe(createMarketStream, () => {
  test('acknowledges bars once they are stored, and makes their minutes soon after', async () => {
    await using stream = await start();
    await stream.bus.publish(
      barsTopic,
      [
        buildBar('AB', 1, { traded: buildTrades(1, 10) }),
        buildBar('AB', 61, { traded: buildTrades(2, 11) }),
        buildBar('CD', 2),
      ].map(messageOf),
    );
    expect(await stream.valueOf(names.marketBars, { interval: '1s' })).toBe(3);
    expect(await store.timeseries.query('SELECT count() AS bars FROM market_bars_1s')).toEqual([{ bars: '3' }]);
    await candlesBecome('AB', [{ open: '10' }, { open: '11' }]);
    await candlesBecome('CD', [{ open: null, trades: 0 }]);
    expect(await stream.valueOf(names.marketBars, { interval: '1m' })).toBe(3);
  });

  test('makes the minutes, hours and days of what another left behind when it starts', async () => {
    await writeSeconds(store.timeseries, [buildBar('AB', 1, { traded: buildTrades(1, 10) })], 'left behind');
    expect(await candlesOf('AB')).toEqual([]);
    await using stream = await start();
    await vi.waitFor(async () => expect(await stream.valueOf(names.marketRolledUp, {})).toBeGreaterThan(0), waiting);
    expect(await candlesOf('AB')).toMatchObject([{ open: '10' }]);
    expect(await store.timeseries.query('SELECT toString(open) AS open FROM market_bars_1d FINAL')).toEqual([
      { open: '10' },
    ]);
  });

  test('lets nothing but bars wait while the store is away, and stores each once when they come again', async () => {
    let isAway = true;
    const flaky: Timeseries = {
      query: (sql, params) => whenThere(() => store.timeseries.query(sql, params)),
      command: (sql, params) => whenThere(() => store.timeseries.command(sql, params)),
      insert: (table, rows, options) => whenThere(() => store.timeseries.insert(table, rows, options)),
    };
    const whenThere = <T>(work: () => Promise<T>): Promise<T> =>
      isAway ? Promise.reject(new RetryableError('away')) : work();
    await using stream = await start(flaky);
    const bars = [buildBar('AB', 1, { traded: buildTrades(1, 10) })].map(messageOf);
    await expect(stream.bus.publish(barsTopic, bars)).rejects.toBeInstanceOf(RetryableError);
    const behind = { ok: true, detail: expect.stringContaining('away') };
    await vi.waitFor(() => expect(stream.health()).toMatchObject(behind), waiting);
    isAway = false;
    await stream.bus.publish(barsTopic, bars);
    await stream.bus.publish(barsTopic, bars);
    await candlesBecome('AB', [{ trades: 1, volume: '2' }]);
  });

  test('puts aside what is no bar with the reason, and goes on', async () => {
    await using stream = await start();
    const dead: Message[] = [];
    await stream.bus.subscribe(`${barsTopic}.dead`, 'people', async ({ messages }) => void dead.push(...messages));
    await stream.bus.publish(barsTopic, [
      { key: 'AB', value: { ...buildBar('AB', 1), revision: 'first' } },
      messageOf(buildBar('AB', 2, { traded: buildTrades(1, 10) })),
    ]);
    await candlesBecome('AB', [{ trades: 1 }]);
    expect(dead).toMatchObject([{ key: 'AB', value: { reason: expect.stringContaining('revision: "first"') } }]);
  });

  test('tells how far each pair has come, and what came after its minute was closed', async () => {
    await using stream = await start();
    const tell = (...bars: ReturnType<typeof buildBar>[]) => stream.bus.publish(barsTopic, bars.map(messageOf));
    await tell(buildBar('AB', 10), buildBar('AB', 179), buildBar('CD', 500));
    await tell(buildBar('AB', 0, { traded: buildTrades(1, 10) }));
    expect(await stream.valueOf(names.marketBarsLate, { symbol: 'AB' })).toBeUndefined();
    await tell(buildBar('AB', 180));
    await tell(buildBar('AB', 1, { traded: buildTrades(2, 11) }), buildBar('AB', 60));
    expect(await stream.valueOf(names.marketBarsLate, { symbol: 'AB' })).toBe(1);
    expect(await stream.valueOf(names.marketBarsLate, { symbol: 'CD' })).toBeUndefined();
    expect(await stream.valueOf(names.marketWatermark, { symbol: 'AB' })).toBe(midnightMs / 1000 + 180);
    // Late, and applied.
    await candlesBecome('AB', [{ trades: 2, close: '11' }, {}, {}, {}]);
  });
});

async function start(timeseries: Timeseries = store.timeseries) {
  const { bus, stop } = createEmbeddedBus();
  const metrics = new Registry();
  const stream = await createMarketStream({
    bus,
    timeseries,
    log: pino({ level: 'silent' }),
    metrics,
    minutesRestMs: 20,
  });
  return {
    bus,
    health: stream.health,
    valueOf: async ({ name }: { name: string }, wanted: Record<string, string>) => {
      const { values } = (await metrics.getSingleMetric(name)?.get()) ?? { values: [] };
      return values.find(({ labels }) => Object.entries(wanted).every(([label, value]) => labels[label] === value))
        ?.value;
    },
    [Symbol.asyncDispose]: async () => {
      await stream.stop();
      await stop();
    },
  };
}

function candlesOf(symbol: string) {
  const range = { fromMs: 0, toMs: midnightMs + 86_400_000, limit: 100, order: 'asc' } as const;
  return readCandles(store.timeseries, { symbol, interval: '1m', ...range });
}

function candlesBecome(symbol: string, candles: readonly object[]): Promise<void> {
  return vi.waitFor(async () => expect(await candlesOf(symbol)).toMatchObject(candles), waiting);
}
