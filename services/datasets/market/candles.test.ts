import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bar } from './bar.ts';
import { type BarStore, buildBar, buildTrades, midnightMs, openBarStore } from './bar-fixtures.ts';
import type { BarRange } from './bar-read.ts';
import { rollUpBars } from './bar-roll-up.ts';
import { readCandles } from './candles.ts';
import { writeBars } from './timeseries.ts';

let store: BarStore;
beforeAll(async () => {
  store = await openBarStore();
});
afterAll(() => store[Symbol.asyncDispose]());

describe(readCandles, () => {
  test('makes candles of every length of the same trades', async () => {
    await write(
      buildBar('ALL', 0, { traded: buildTrades(1, 10, 12) }),
      buildBar('ALL', 61, { traded: buildTrades(3, 9) }),
      buildBar('ALL', 299, { traded: buildTrades(4, 11) }),
      buildBar('ALL', 3600, { traded: buildTrades(5, 20, 30) }),
    );
    const day = { open: '10', high: '30', low: '9', close: '30', volume: '12', quoteVolume: '184', trades: 6 };
    expect(await candles('ALL', '1d')).toMatchObject([{ timeMs: midnightMs, vwap: '15.333333333333333333', ...day }]);
    expect(await candles('ALL', '4h')).toMatchObject([day]);
    expect(await candles('ALL', '1h')).toMatchObject([
      { trades: 4, close: '11' },
      { trades: 2, open: '20' },
    ]);
    expect(await candles('ALL', '5m')).toMatchObject([{ trades: 4, close: '11' }, { timeMs: midnightMs + 3_600_000 }]);
    expect(await candles('ALL', '1m')).toMatchObject([
      { trades: 2, firstTradeId: 1, lastTradeId: 2 },
      { trades: 1 },
      { trades: 1 },
      { trades: 2 },
    ]);
    expect((await candles('ALL', '1s')).map(({ timeMs }) => timeMs - midnightMs)).toEqual([
      0, 61_000, 299_000, 3_600_000,
    ]);
  });

  test('has candles without prices where the book was seen and nothing was traded', async () => {
    await write(buildBar('QUIET', 0), buildBar('QUIET', 1));
    const none = {
      open: null,
      high: null,
      low: null,
      close: null,
      vwap: null,
      volume: '0',
      trades: 0,
      firstTradeId: null,
    };
    expect(await candles('QUIET', '1m')).toMatchObject([none]);
    expect(await candles('QUIET', '1s')).toMatchObject([none, none]);
    expect(await candles('NOBODY', '1m')).toEqual([]);
  });

  test('reads whole candles that start within the range, the first of them in its order', async () => {
    await write(
      ...[0, 60, 120, 300, 360].map((second, at) => buildBar('RANGE', second, { traded: buildTrades(at + 1, 5) })),
    );
    const starts = async (parts: Partial<BarRange>) =>
      (await candles('RANGE', '1m', parts)).map(({ timeMs }) => (timeMs - midnightMs) / 1000);
    expect(await starts({ fromMs: midnightMs + 1, toMs: midnightMs + 300_000 })).toEqual([60, 120]);
    expect(await starts({ toMs: midnightMs + 300_001 })).toEqual([0, 60, 120, 300]);
    expect(await starts({ limit: 2 })).toEqual([0, 60]);
    expect(await starts({ limit: 2, order: 'desc' })).toEqual([360, 300]);
    expect(await starts({ limit: 4, order: 'desc', toMs: midnightMs + 360_000 })).toEqual([300, 120, 60, 0]);
    expect(await starts({ limit: 0 })).toEqual([]);
    expect(await starts({ fromMs: 5, toMs: 5 })).toEqual([]);
    expect(await starts({ fromMs: -1e15, toMs: 1e15 })).toEqual([0, 60, 120, 300, 360]);
    const fives = await candles('RANGE', '5m', { limit: 1, order: 'desc' });
    expect(fives).toMatchObject([{ timeMs: midnightMs + 300_000, trades: 2 }]);
  });

  test('reads hours and days where these say what their minutes say, and gives the same answers', async () => {
    const hours = [0, 1, 2, 5, 24, 25, 49].map((hour, at) =>
      buildBar('MIXED', hour * 3600 + at, { traded: buildTrades(at + 1, 10 + at), isTradesWhole: at !== 3 }),
    );
    await write(...hours);
    const before = await readAll('MIXED');
    await rollUpBars(store.timeseries);
    expect(await readAll('MIXED')).toEqual(before);

    await write(buildBar('MIXED', 3700, { traded: buildTrades(20, 99) }), buildBar('MIXED', 200_000));
    const halfMade = await readAll('MIXED');
    await rollUpBars(store.timeseries);
    expect(halfMade).not.toEqual(before);
    expect(await readAll('MIXED')).toEqual(halfMade);

    const range = { toMs: midnightMs + 5 * 86_400_000, order: 'desc' } as const;
    // Hours that nothing else would tell from their minutes.
    await store.timeseries.command(
      `INSERT INTO market_bars_1h (symbol, time, trades, open, version)
        SELECT symbol, time, trades, 77, version FROM market_bars_1h FINAL WHERE symbol = 'MIXED'`,
    );
    const newestHours = await candles('MIXED', '1h', { ...range, limit: 3 });
    expect(newestHours.map(({ open }) => open)).toEqual([null, '77', '77']);
    await write(buildBar('MIXED', 49 * 3600 + 100, { traded: buildTrades(30, 5) }));
    const [, newest] = await candles('MIXED', '4h', { ...range, limit: 2 });
    expect(newest).toMatchObject({ open: '16', trades: 2, close: '5' });
  });

  test('is complete where ids go on without a break, though not every second was seen', async () => {
    await write(
      ...[0, 60, 180, 240].map((second, at) =>
        buildBar('PROVEN', second, { traded: buildTrades(at + 1, 5), isTradesWhole: false }),
      ),
    );
    // Nothing is known before the first and after the last one.
    expect(await complete('PROVEN')).toEqual([false, true, true, false]);
    expect(await complete('PROVEN', { fromMs: midnightMs + 60_000, toMs: midnightMs + 240_000 })).toEqual([true, true]);
    expect(await complete('PROVEN', { order: 'desc', limit: 2 })).toEqual([false, true]);
  });

  test('is not complete on either side of trades that are missing, and all between', async () => {
    await write(
      ...[0, 60, 240, 300].map((second, at) =>
        buildBar('MISSING', second, { traded: buildTrades(second < 100 ? at + 1 : at + 2, 5) }),
      ),
      buildBar('MISSING', 120),
      buildBar('MISSING', 180, { traded: { ...buildTrades(100, 5, 5), lastId: 102 } }),
    );
    expect(await complete('MISSING', { toMs: midnightMs + 180_000 })).toEqual([false, false, false]);
    expect(await complete('MISSING', { fromMs: midnightMs + 120_000, toMs: midnightMs + 180_000 })).toEqual([false]);
  });

  test('is complete with nothing after it once each of its seconds was seen whole', async () => {
    const minute = Array.from({ length: 60 }, (_, second) => buildBar('SEEN', second));
    await write(...minute.slice(0, 59));
    expect(await complete('SEEN')).toEqual([false]);
    await write({ ...(minute[59] as Bar), isTradesWhole: false });
    expect(await complete('SEEN')).toEqual([false]);
    await write({ ...(minute[59] as Bar), revision: 2 });
    expect(await complete('SEEN')).toEqual([true]);
    expect(await complete('SEEN', { interval: '1s', limit: 3 })).toEqual([true, true, true]);
    expect(await complete('SEEN', { interval: '5m' })).toEqual([false]);
  });
});

/** Of every length that longer bars are good for, in both orders, whole and cut. */
async function readAll(symbol: string) {
  const parts = [
    {},
    { limit: 3 },
    { limit: 3, order: 'desc' },
    { fromMs: midnightMs + 3_600_000, order: 'desc' },
  ] as const;
  const intervals = ['1h', '4h', '1d'] as const;
  const range = { toMs: midnightMs + 5 * 86_400_000 };
  return Promise.all(
    intervals.flatMap((interval) => parts.map((part) => candles(symbol, interval, { ...range, ...part }))),
  );
}

let tokens = 0;
function write(...bars: Bar[]): Promise<number> {
  return writeBars(store.timeseries, bars, `token-${tokens++}`);
}

function candles(symbol: string, interval: BarRange['interval'], parts: Partial<BarRange> = {}) {
  const range = { fromMs: 0, toMs: midnightMs + 86_400_000, limit: 100, order: 'asc' } as const;
  return readCandles(store.timeseries, { symbol, interval, ...range, ...parts });
}

async function complete(symbol: string, parts: Partial<BarRange> = {}): Promise<boolean[]> {
  return (await candles(symbol, '1m', parts)).map(({ isComplete }) => isComplete);
}
