import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bar } from '../datasets/market/bar.ts';
import { type BarStore, midnightMs, openBarStore } from '../datasets/market/bar-fixtures.ts';
import { parseBar } from '../datasets/market/bar-message.ts';
import { type Interval, intervalSeconds } from '../datasets/market/bar-read.ts';
import { rollUpBars } from '../datasets/market/bar-roll-up.ts';
import { readCandles } from '../datasets/market/candles.ts';
import { writeBars } from '../datasets/market/timeseries.ts';
import { createBarBuilder } from './bar-builder.ts';
import type { Trade } from './binance/messages.ts';

// From trades to candles, through a real ClickHouse.

/**
 * One takes a second, and ten on a machine that is busy with other things: as many as there is time for, and none is shrunk, which
 * asks the store for longer than a test may take. What fails is told with its seed.
 */
const histories = { numRuns: 8, endOnFailure: true, interruptAfterTimeLimit: 120_000 };

let store: BarStore;
let symbols = 0;
beforeAll(async () => {
  store = await openBarStore();
});
afterAll(() => store[Symbol.asyncDispose]());

describe(createBarBuilder, () => {
  test('gives the candles that all trades make, however late, often or mixed they come and are written', async () => {
    await fc.assert(
      fc.asyncProperty(history, deliveries, async (arrivals, batches) => {
        const symbol = `ALL${symbols++}`;
        const trades = tradesOf(symbol, arrivals);
        await deliver(barsOf(symbol, inOrderOfArrival(trades, arrivals)), batches);
        for (const interval of intervals) {
          const candles = await candlesOf(symbol, interval);
          expect(candles.map(({ isComplete: _, vwap: __, ...candle }) => candle)).toEqual(
            naiveCandles(trades, interval),
          );
          // All but those at both ends, of which nobody can know, are proven to be whole.
          expect(candles.slice(1, -1).every(({ isComplete }) => isComplete)).toBe(true);
        }
      }),
      histories,
    );
  }, 240_000);

  test('never says that a candle is complete of which trades were lost, nor counts one twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        history,
        deliveries,
        fc.array(fc.record({ at: fc.nat(80), lost: fc.nat(3), isKilled: fc.boolean() }), { maxLength: 4 }),
        async (arrivals, batches, restarts) => {
          const symbol = `LOST${symbols++}`;
          const all = tradesOf(symbol, arrivals);
          const bars: Bar[] = [];
          let rest = inOrderOfArrival(all, arrivals);
          // Each collector takes a part of what comes, and some is lost until the next one is there.
          for (const { at, lost, isKilled } of restarts) {
            bars.push(...barsOf(symbol, rest.slice(0, at), isKilled));
            rest = rest.slice(at + lost);
          }
          bars.push(...barsOf(symbol, rest));
          await deliver(bars, batches);
          for (const interval of intervals) {
            const naive = new Map(naiveCandles(all, interval).map((candle) => [candle.timeMs, candle]));
            for (const { isComplete, vwap: _, ...candle } of await candlesOf(symbol, interval)) {
              const whole = naive.get(candle.timeMs);
              if (isComplete) expect(candle).toEqual(whole);
              expect(candle.trades).toBeLessThanOrEqual(whole?.trades ?? 0);
            }
          }
        },
      ),
      histories,
    );
  }, 240_000);
});

const intervals = Object.keys(intervalSeconds) as Interval[];

/** Trades some time after one another, from milliseconds to hours, each as late as it is. */
const history = fc.array(
  fc.record({
    gapMs: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0, max: 700 }) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 90_000 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 7_200_000 }) },
    ),
    lateMs: fc.oneof({ weight: 4, arbitrary: fc.nat(400) }, fc.nat(20_000)),
    isTwice: fc.boolean(),
    // Up to 16 decimals of a sum, whose floats would be off.
    price: fc.integer({ min: 1, max: 9_999_999_999 }).map((units) => decimal(units, 8)),
    size: fc.integer({ min: 1, max: 9_999_999_999 }).map((units) => decimal(units, 8)),
    buyerIsMaker: fc.boolean(),
  }),
  { minLength: 1, maxLength: 80 },
);
type Arrival = typeof history extends fc.Arbitrary<(infer A)[]> ? A : never;

/** Batches of so many bars; before each the writer may go back by some, as after an answer that was lost. */
const deliveries = fc.array(
  fc.record({ size: fc.integer({ min: 1, max: 30 }), back: fc.nat(10), isRolledUp: fc.boolean() }),
  { maxLength: 4 },
);
type Delivery = typeof deliveries extends fc.Arbitrary<(infer D)[]> ? D : never;

function tradesOf(symbol: string, arrivals: readonly Arrival[]): Trade[] {
  let tradeTimeMs = midnightMs - 1_800_000;
  return arrivals.map(({ gapMs, price, size, buyerIsMaker }, at) => {
    tradeTimeMs += gapMs;
    return {
      kind: 'trade',
      symbol,
      tradeId: 1000 + at,
      eventTimeMs: tradeTimeMs,
      tradeTimeMs,
      price,
      size,
      buyerIsMaker,
    };
  });
}

interface Arrived {
  readonly trade: Trade;
  readonly atMs: number;
}

function inOrderOfArrival(trades: readonly Trade[], arrivals: readonly Arrival[]): Arrived[] {
  const arrived = trades.flatMap((trade, at) => {
    const { lateMs = 0, isTwice = false } = arrivals[at] ?? {};
    const first = { trade, atMs: trade.tradeTimeMs + lateMs };
    return isTwice ? [first, { trade, atMs: first.atMs + 300 }] : [first];
  });
  return arrived.sort((a, b) => a.atMs - b.atMs);
}

/** All that one collector tells. A killed one does not tell what it has at its end. */
function barsOf(symbol: string, arrived: readonly Arrived[], isKilled = false): Bar[] {
  const best = () => ({ bid: null, bidSize: null, ask: null, askSize: null });
  const book = { best, depthWithin: () => null, quoteWithin: () => null };
  const builder = createBarBuilder({ symbol, book });
  const bars = arrived.flatMap(({ trade, atMs }) => {
    builder.onTrade(trade, atMs);
    return builder.close(atMs);
  });
  return isKilled ? bars : [...bars, ...builder.closeAll()];
}

/** Through the bus, as a collector publishes them. The last ones are not rolled up. */
async function deliver(bars: readonly Bar[], batches: readonly Delivery[]): Promise<void> {
  const received = bars.map((bar) => parseBar(JSON.parse(JSON.stringify(bar))));
  let at = 0;
  for (const [index, { size, back, isRolledUp }] of [
    ...batches,
    { size: bars.length, back: 5, isRolledUp: false },
  ].entries()) {
    const from = Math.max(0, at - back);
    const some = received.slice(from, from + size);
    await writeBars(store.timeseries, some, `${bars[0]?.symbol}-${index}`);
    if (isRolledUp) await rollUpBars(store.timeseries);
    at = Math.max(at, from + size);
  }
}

function candlesOf(symbol: string, interval: Interval) {
  const range = { fromMs: 0, toMs: midnightMs + 10 * 86_400_000, limit: 10_000, order: 'asc' } as const;
  return readCandles(store.timeseries, { symbol, interval, ...range });
}

/** Of all trades, in one go, in integers of 10^-8 and 10^-16. */
function naiveCandles(trades: readonly Trade[], interval: Interval) {
  const lengthMs = intervalSeconds[interval] * 1000;
  const byStart = Map.groupBy(trades, ({ tradeTimeMs }) => Math.floor(tradeTimeMs / lengthMs) * lengthMs);
  return [...byStart].map(([timeMs, own]) => {
    const taken = own.filter(({ buyerIsMaker }) => !buyerIsMaker);
    const sum = (some: readonly Trade[], of: (trade: Trade) => bigint) =>
      some.reduce((total, trade) => total + of(trade), 0n);
    const prices = own.map(({ price }) => units(price));
    const sorted = prices.toSorted((a, b) => (a < b ? -1 : 1));
    const size = (trade: Trade) => units(trade.size);
    const quote = (trade: Trade) => units(trade.price) * units(trade.size);
    return {
      timeMs,
      open: decimal(prices[0] ?? 0n, 8),
      high: decimal(sorted.at(-1) ?? 0n, 8),
      low: decimal(sorted[0] ?? 0n, 8),
      close: decimal(prices.at(-1) ?? 0n, 8),
      volume: decimal(sum(own, size), 8),
      quoteVolume: decimal(sum(own, quote), 16),
      takerBuyVolume: decimal(sum(taken, size), 8),
      takerBuyQuoteVolume: decimal(sum(taken, quote), 16),
      trades: own.length,
      firstTradeId: own[0]?.tradeId,
      lastTradeId: own.at(-1)?.tradeId,
    };
  });
}

function units(text: string): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(`${whole}${fraction.padEnd(8, '0')}`);
}

function decimal(value: number | bigint, places: number): string {
  const digits = String(value).padStart(places + 1, '0');
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`.replace(/\.?0+$/, '');
}
