import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Bar } from '../datasets/market/bar.ts';
import { type BarSource, createBarBuilder } from './bar-builder.ts';
import type { Trade } from './binance/messages.ts';

describe(createBarBuilder, () => {
  test('tells a second once it is over for longer than trades may be late', () => {
    const { builder } = setUp();
    builder.onTrade(trade(1, 10_100, '5', '2'), 10_100);
    builder.onTrade(trade(2, 10_900, '7', '1', 'seller'), 10_900);
    builder.onTrade(trade(3, 11_400, '6', '1'), 11_400);
    expect(builder.close(11_400)).toEqual([]);
    builder.onTrade(trade(4, 11_500, '6', '1'), 11_500);
    expect(builder.close(11_500)).toMatchObject([
      {
        symbol: 'AB',
        timeMs: 10_000,
        traded: {
          count: 2,
          firstId: 1,
          lastId: 2,
          open: '5',
          high: '7',
          low: '5',
          close: '7',
          volume: '3',
          quoteVolume: '17',
          takerBuyVolume: '2',
          takerBuyQuoteVolume: '10',
        },
        // It was not seen from its start.
        isTradesWhole: false,
        book: null,
        revision: 1,
      },
    ]);
    expect(builder.close(11_500)).toEqual([]);
  });

  test('lets its own clock end a second when nothing comes, whatever time the exchange has', () => {
    const { builder } = setUp();
    builder.onTrade(trade(1, 10_100), 900_000);
    expect(builder.close(900_000 + 400 + 500 + 1500)).toEqual([]);
    expect(builder.close(900_000 + 900 + 500 + 1500)).toMatchObject([{ timeMs: 10_000 }]);
  });

  test('keeps sums exact to the last decimal', () => {
    const { builder } = setUp();
    builder.onTrade(trade(1, 1000, '123456789.123456789', '0.000000001'), 1000);
    builder.onTrade(trade(2, 1000, '0.1', '0.2'), 1000);
    builder.onTrade(trade(3, 1000, '0.10000000', '98765432109876.54321000'), 1000);
    const [bar] = builder.closeAll();
    expect(bar?.traded).toMatchObject({
      volume: '98765432109876.743210001',
      quoteVolume: '9876543210987.797777789123456789',
    });
  });

  test('puts trades in the order of their ids, whenever they come, and counts each once', () => {
    const { builder } = setUp();
    builder.onTrade(trade(12, 1500, '3'), 1500);
    builder.onTrade(trade(11, 1500, '9'), 1501);
    builder.onTrade(trade(14, 1600, '4'), 1600);
    expect(builder.onTrade(trade(11, 1500, '9'), 1601)).toBe('duplicate');
    expect(builder.onTrade(trade(14, 1600, '4'), 1601)).toBe('duplicate');
    builder.onTrade(trade(13, 1600, '8'), 1602);
    expect(tradedOf(builder.closeAll())).toMatchObject([{ count: 4, firstId: 11, lastId: 14, open: '9', close: '4' }]);
  });

  test('tells a second again when a trade of it comes late, and refuses one that comes too late', () => {
    const { builder } = setUp();
    builder.onTrade(trade(1, 1000), 1000);
    builder.onTrade(trade(3, 30_000), 30_000);
    expect(tradedOf(builder.close(31_000))).toMatchObject([{ count: 1 }]);
    expect(builder.onTrade(trade(2, 1900, '8'), 31_000)).toBe('counted');
    expect(builder.close(31_000)).toMatchObject([{ timeMs: 1000, revision: 2, traded: { count: 2, close: '8' } }]);
    builder.onTrade(trade(4, 100_000), 100_000);
    builder.close(101_000);
    expect(builder.onTrade(trade(5, 30_500), 100_000)).toBe('tooLate');
  });

  test('says of each second between two trades that some are missing, until they come', () => {
    const { builder } = setUp({ isLive: true });
    for (const [id, at] of [
      [1, 1000],
      [2, 2000],
      [5, 5000],
      [6, 6000],
    ] as const)
      builder.onTrade(trade(id, at), at);
    builder.beforeUpdate(9000, 9000);
    expect(wholeOf(builder.close(9000))).toEqual([
      [1000, false],
      [2000, false],
      [3000, false],
      [4000, false],
      [5000, false],
      [6000, true],
      [7000, true],
    ]);
    builder.onTrade(trade(4, 3500), 9000);
    expect(builder.close(9000)).toMatchObject([
      { timeMs: 3000, isTradesWhole: false, revision: 2 },
      { timeMs: 4000, isTradesWhole: true },
      { timeMs: 5000, isTradesWhole: true },
    ]);
    builder.onTrade(trade(3, 2500), 9000);
    expect(builder.close(9000).map(({ timeMs, isTradesWhole }) => [timeMs, isTradesWhole])).toEqual([
      [2000, true],
      [3000, true],
    ]);
  });

  test('doubts what comes after a broken stream until the next trade proves that none was missed', () => {
    const { builder } = setUp({ isLive: true });
    builder.onTrade(trade(1, 1000), 1000);
    builder.onTrade(trade(2, 2000), 2000);
    builder.onTradesBroken();
    builder.beforeUpdate(5000, 5000);
    expect(wholeOf(builder.close(5000))).toEqual([
      [1000, false],
      [2000, false],
      [3000, false],
    ]);
    builder.onTrade(trade(3, 5000), 5000);
    expect(wholeOf(builder.close(5000))).toEqual([
      [2000, true],
      [3000, true],
    ]);
  });

  test('does not count a trade that it cannot read, and says that one is missing', () => {
    const { builder } = setUp();
    builder.onTrade(trade(1, 1000), 1000);
    builder.onTrade(trade(2, 2000), 2000);
    const unreadable = [
      ['1e5', '1'],
      ['0', '1'],
      ['-1', '1'],
      ['1', ''],
      ['0.0000000001', '0.0000000001'],
      ['1', '9'.repeat(30)],
    ] as const;
    for (const [price, size] of unreadable)
      expect(builder.onTrade(trade(3, 2500, price, size), 2500)).toBe('unreadable');
    for (const time of [-5, 1e15, Number.NaN]) expect(builder.onTrade(trade(3, time), 2500)).toBe('unreadable');
    builder.onTrade(trade(4, 3000), 3000);
    expect(wholeOf(builder.close(6100))).toEqual([
      [1000, false],
      [2000, false],
      [3000, false],
    ]);
  });

  test('shows the book as it was after the last update of the second', () => {
    const { builder, book } = setUp({ isLive: true });
    builder.beforeUpdate(900, 900);
    book.bid = '1';
    builder.beforeUpdate(1900, 1900);
    book.bid = '2';
    builder.beforeUpdate(2000, 2000);
    book.bid = '3';
    builder.beforeUpdate(4600, 4600);
    book.bid = '4';
    const bars = builder.close(4600);
    expect(bars.map(({ timeMs, book: seen, isBookWhole }) => [timeMs, seen?.bid, isBookWhole])).toEqual([
      [0, '1', false],
      [1000, '2', true],
      [2000, '3', true],
      [3000, '3', true],
    ]);
    expect(bars[1]?.book?.depths).toEqual(
      [5, 10, 25, 50, 100].map((bps) => ({
        bid: `${bps}.1`,
        ask: `${bps}.2`,
        bidQuote: `${bps}00.1`,
        askQuote: `${bps}00.2`,
      })),
    );
    expect(bars[1]?.traded).toBeNull();
  });

  test('takes back the book of each second since the update that was missed', () => {
    const { builder } = setUp({ isLive: true });
    builder.beforeUpdate(1500, 1500);
    // Nothing comes for long: a quiet market or a dead connection.
    expect(builder.close(8000)).toHaveLength(6);
    builder.onBookLost();
    const again = builder.close(8000).map((bar) => [bar.timeMs, bar.book, bar.isBookWhole, bar.revision]);
    expect(again).toEqual([0, 1000, 2000, 3000, 4000, 5000].map((timeMs) => [timeMs, null, false, 2]));
    builder.beforeUpdate(9500, 9500);
    builder.onBookLive();
    builder.beforeUpdate(11_500, 11_500);
    const after = builder.close(11_500);
    expect(after.map(({ timeMs, isBookWhole }) => [timeMs, isBookWhole])).toEqual([
      [9000, false],
      [10_000, true],
    ]);
  });

  test('tells nothing of seconds of which nothing is known', () => {
    const { builder } = setUp();
    builder.beforeUpdate(1000, 1000);
    builder.beforeUpdate(9000, 9000);
    expect(builder.close(20_000)).toEqual([]);
    expect(builder.closeAll()).toEqual([]);
  });

  test('does not fill years when a clock jumps', () => {
    const { builder } = setUp({ isLive: true });
    builder.beforeUpdate(2_000_000_000_000, 1000);
    expect(builder.close(1000)).toEqual([]);
    builder.beforeUpdate(2_000_000_002_000, 3000);
    expect(builder.close(3000)).toMatchObject([{ timeMs: 2_000_000_000_000 }]);
  });

  test('takes no harm from a time that is none', () => {
    const { builder } = setUp({ isLive: true });
    for (const time of [1e15, -1, Number.NaN, Number.POSITIVE_INFINITY]) builder.beforeUpdate(time, 600);
    builder.beforeUpdate(2500, 2500);
    expect(builder.close(2500).map(({ timeMs }) => timeMs)).toEqual([0, 1000]);
  });

  test('begins anew when the clock of the exchange goes back by hours, and goes on to the next trade', () => {
    const { builder, book } = setUp({ isLive: true });
    builder.beforeUpdate(90_000_000, 1000);
    builder.onTrade(trade(1, 90_000_000), 1000);
    builder.close(1000);
    builder.beforeUpdate(5500, 1100);
    book.bid = '2';
    builder.beforeUpdate(7600, 3100);
    expect(builder.onTrade(trade(2, 7600), 3100)).toBe('counted');
    expect(builder.close(3100).map((bar) => [bar.timeMs, bar.book?.bid, bar.isBookWhole, bar.traded?.count])).toEqual([
      [5000, '2', false, undefined],
      [6000, '2', true, undefined],
      [90_000_000, undefined, false, 1],
    ]);
    expect(builder.closeAll()).toMatchObject([{ timeMs: 7000, traded: { count: 1 } }]);
  });

  test('shows no depth that the store could not keep exactly', () => {
    const { builder, source } = setUp({ isLive: true });
    source.depthWithin = (side) => (side === 'bid' ? '120.5000' : '0.1234567890123456789');
    source.quoteWithin = (side) => (side === 'bid' ? '100' : '9'.repeat(21));
    builder.beforeUpdate(1600, 1600);
    expect(builder.close(1600)[0]?.book?.depths[0]).toEqual({
      bid: '120.5',
      ask: null,
      bidQuote: '100',
      askQuote: null,
    });
  });

  test('tells at the end what is left, as not whole where it was not over', () => {
    const { builder } = setUp({ isLive: true });
    builder.onTrade(trade(1, 900), 900);
    builder.onTrade(trade(2, 1100), 1100);
    builder.onTrade(trade(3, 3700), 3700);
    builder.close(3700);
    expect(wholeOf(builder.closeAll())).toEqual([[3000, false]]);
    expect(builder.closeAll()).toEqual([]);
  });

  test('tells what all trades tell, in whatever order they come and however often', () => {
    fc.assert(
      fc.property(fc.array(arrival, { minLength: 1, maxLength: 60 }), (arrivals) => {
        const { builder } = setUp();
        const all = arrivals.map(({ gapMs, price, size, buyerIsMaker }, at) => ({
          ...trade(at + 1, 0, String(price), String(size)),
          tradeTimeMs: 1000 + arrivals.slice(0, at + 1).reduce((sum, each) => sum + each.gapMs, 0) - gapMs,
          buyerIsMaker,
        }));
        const last = new Map<number, Bar>();
        const keep = (bars: Bar[]): void => {
          for (const bar of bars) {
            expect(bar.revision).toBe((last.get(bar.timeMs)?.revision ?? 0) + 1);
            last.set(bar.timeMs, bar);
          }
        };
        // Each comes up to three seconds after it was made, and some come twice.
        const events = all.flatMap((each, at) => {
          const { lateMs, isTwice } = arrivals[at] as (typeof arrivals)[number];
          const first = { at: each.tradeTimeMs + lateMs, each };
          return isTwice ? [first, { at: first.at + 700, each }] : [first];
        });
        for (const { at, each } of events.sort((a, b) => a.at - b.at)) {
          builder.onTrade(each, at);
          keep(builder.close(at));
        }
        keep(builder.closeAll());
        expect(
          [...last.values()].sort((a, b) => a.timeMs - b.timeMs).map(({ timeMs, traded }) => ({ timeMs, traded })),
        ).toEqual(naiveBars(all));
      }),
      { numRuns: 300 },
    );
  });
});

const arrival = fc.record({
  gapMs: fc.integer({ min: 0, max: 900 }),
  lateMs: fc.integer({ min: 0, max: 3000 }),
  isTwice: fc.boolean(),
  price: fc.integer({ min: 1, max: 99 }),
  size: fc.integer({ min: 1, max: 99 }),
  buyerIsMaker: fc.boolean(),
});

function naiveBars(trades: readonly Trade[]) {
  const seconds = [...new Set(trades.map(({ tradeTimeMs }) => Math.floor(tradeTimeMs / 1000)))].sort((a, b) => a - b);
  return seconds.map((second) => {
    const own = trades.filter(({ tradeTimeMs }) => Math.floor(tradeTimeMs / 1000) === second);
    const taken = own.filter(({ buyerIsMaker }) => !buyerIsMaker);
    const sum = (some: readonly Trade[], of: (trade: Trade) => number) =>
      String(some.reduce((total, each) => total + of(each), 0));
    const prices = own.map(({ price }) => Number(price));
    return {
      timeMs: second * 1000,
      traded: {
        count: own.length,
        firstId: own[0]?.tradeId,
        lastId: own.at(-1)?.tradeId,
        open: own[0]?.price,
        high: String(Math.max(...prices)),
        low: String(Math.min(...prices)),
        close: own.at(-1)?.price,
        volume: sum(own, ({ size }) => Number(size)),
        quoteVolume: sum(own, ({ price, size }) => Number(price) * Number(size)),
        takerBuyVolume: sum(taken, ({ size }) => Number(size)),
        takerBuyQuoteVolume: sum(taken, ({ price, size }) => Number(price) * Number(size)),
      },
    };
  });
}

/** `isLive`: the book is live from 0.5 s on. */
function setUp({ isLive = false } = {}) {
  const book = { bid: '0' };
  const source: BarSource = {
    best: () => ({ bid: book.bid, bidSize: '1', ask: '9', askSize: '1' }),
    depthWithin: (side, bps) => `${bps}${side === 'bid' ? '.1' : '.2'}`,
    quoteWithin: (side, bps) => `${bps}${side === 'bid' ? '00.1' : '00.2'}`,
  };
  const builder = createBarBuilder({ symbol: 'AB', book: source });
  if (isLive) {
    builder.beforeUpdate(500, 500);
    builder.onBookLive();
  }
  return { builder, book, source };
}

function trade(
  tradeId: number,
  tradeTimeMs: number,
  price = '1',
  size = '1',
  taker: 'buyer' | 'seller' = 'buyer',
): Trade {
  const buyerIsMaker = taker === 'seller';
  return { kind: 'trade', symbol: 'AB', tradeId, eventTimeMs: tradeTimeMs, tradeTimeMs, price, size, buyerIsMaker };
}

function tradedOf(bars: readonly Bar[]) {
  return bars.map(({ traded }) => traded);
}

function wholeOf(bars: readonly Bar[]): [number, boolean][] {
  return bars.filter(({ timeMs }) => timeMs >= 1000).map(({ timeMs, isTradesWhole }) => [timeMs, isTradesWhole]);
}
