import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readBookStats } from './bar-book-stats.ts';
import { type BarStore, buildBar, buildBook, buildTrades, midnightMs, openBarStore } from './bar-fixtures.ts';
import { writeBars } from './timeseries.ts';

let store: BarStore;
beforeAll(async () => {
  store = await openBarStore();
});
afterAll(() => store[Symbol.asyncDispose]());

describe(readBookStats, () => {
  test('tells the book as it was last, and its means', async () => {
    const other = buildBook({
      bid: '99',
      ask: '101',
      depths: buildBook().depths.map((depth) => ({ ...depth, bid: '0' })),
    });
    await writeBars(
      store.timeseries,
      [
        buildBar('BOOK', 0),
        buildBar('BOOK', 30, { book: other, isBookWhole: false }),
        buildBar('BOOK', 31, { book: null, isBookWhole: false, traded: buildTrades(1, 5) }),
        buildBar('BOOK', 60, { book: null, isBookWhole: false, traded: buildTrades(2, 5) }),
        buildBar('BOOK', 120, { book: buildBook({ bid: null, bidSize: null }) }),
      ],
      'book',
    );
    const range = { symbol: 'BOOK', fromMs: 0, toMs: midnightMs + 86_400_000, limit: 10, order: 'asc' } as const;
    const [first, second, ...more] = await readBookStats(store.timeseries, { ...range, interval: '1m' });
    expect(more).toEqual([]);
    expect(first).toEqual({
      timeMs: midnightMs,
      bookTimeMs: midnightMs + 31_000,
      bid: '99',
      bidSize: '3',
      ask: '101',
      askSize: '1',
      mid: '100',
      spread: '2',
      spreadBps: 200,
      spreadBpsMean: 101,
      spreadBpsMax: 200,
      imbalance: -1,
      imbalanceMean: -0.25,
      depths: [5, 10, 25, 50, 100].map((bps, at) => ({
        bps,
        bid: '0',
        ask: String(at + 1),
        bidQuote: String((at + 1) * 300),
        askQuote: String((at + 1) * 100),
      })),
      bookSeconds: 2,
      isComplete: false,
    });
    expect(second).toMatchObject({
      timeMs: midnightMs + 120_000,
      bid: null,
      ask: '100.01',
      mid: null,
      spread: null,
      spreadBps: null,
      spreadBpsMean: null,
    });
    const seconds = await readBookStats(store.timeseries, { ...range, interval: '1s', order: 'desc' });
    expect(seconds.map(({ timeMs, isComplete, mid }) => [(timeMs - midnightMs) / 1000, isComplete, mid])).toEqual([
      [120, true, null],
      [30, false, '100'],
      [0, true, '100'],
    ]);
    expect(await readBookStats(store.timeseries, { ...range, interval: '1h' })).toMatchObject([{ bookSeconds: 3 }]);
  });
});
