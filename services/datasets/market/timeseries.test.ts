import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bar } from './bar.ts';
import { type BarStore, buildBar, buildBook, buildTrades, openBarStore } from './bar-fixtures.ts';
import { formatDecimal, parseDecimal } from './decimal.ts';
import { imbalanceOf, spreadBpsOf, writeBars } from './timeseries.ts';

let store: BarStore;
beforeAll(async () => {
  store = await openBarStore();
});
afterAll(() => store[Symbol.asyncDispose]());

describe(writeBars, () => {
  test('keeps the bar that counted more trades, then the later told, in whatever order they come', async () => {
    const full = buildBar('FULL', 5, { traded: buildTrades(1, 10, 12, 11) });
    const afterRestart = buildBar('FULL', 5, { traded: buildTrades(3, 11), revision: 7, isTradesWhole: false });
    const toldAgain = { ...full, isTradesWhole: false, revision: 2 };
    await write(full);
    await write(afterRestart);
    expect(await secondsOf('FULL')).toMatchObject([{ trades: '3', open: '10', trades_whole_seconds: 1 }]);
    await write(toldAgain);
    await write(full);
    expect(await secondsOf('FULL')).toMatchObject([{ trades: '3', open: '10', trades_whole_seconds: 0 }]);
    expect(await minutesOf('FULL')).toMatchObject([{ trades: '3', volume: '6', seconds: 1, trades_whole_seconds: 0 }]);
  });

  test('makes a minute of its seconds, also when these come in many batches, again, or late', async () => {
    const bars = [
      buildBar('MINUTE', 0, { traded: buildTrades(1, 10, 14) }),
      buildBar('MINUTE', 1),
      buildBar('MINUTE', 2, { traded: buildTrades(3, 8) }),
      buildBar('MINUTE', 59, { traded: buildTrades(4, 12, 13), book: buildBook({ bid: '99', ask: '101' }) }),
      buildBar('MINUTE', 60, { traded: buildTrades(6, 20) }),
    ] as const;
    await write(bars[0], bars[4]);
    await write(bars[3]);
    await write(bars[1], bars[3]);
    await write(bars[2]);
    expect(await minutesOf('MINUTE')).toMatchObject([
      {
        time: '2026-11-20 00:00:00',
        trades: '5',
        first_trade_id: '1',
        last_trade_id: '5',
        open: '10',
        high: '14',
        low: '8',
        close: '13',
        volume: '10',
        quote_volume: '114',
        seconds: 4,
        book_seconds: 4,
        book_time: '2026-11-20 00:00:59',
        bid: '99',
        spread_seconds: 4,
        spread_bps_max: 200,
        imbalance_sum: 2,
        imbalance_seconds: 4,
      },
      { time: '2026-11-20 00:01:00', trades: '1', open: '20' },
    ]);
  });

  test('stores what is sent again under the same token once', async () => {
    const bar = buildBar('TWICE', 3, { traded: buildTrades(1, 10) });
    await writeBars(store.timeseries, [bar], 'same');
    await writeBars(store.timeseries, [bar], 'same');
    const rows = `SELECT count() AS rows FROM market_bars_1s WHERE symbol = 'TWICE'`;
    expect(await store.timeseries.query(rows)).toEqual([{ rows: '1' }]);
  });

  test('keeps 18 decimals and sums of them exactly', async () => {
    const least = '0.000000000000000001';
    const most = '99999999999999.999999999999999999';
    const traded = {
      ...buildTrades(1, 1),
      open: least,
      high: most,
      low: least,
      close: most,
      volume: most,
      quoteVolume: least,
    };
    await write(
      buildBar('EXACT', 0, { traded }),
      buildBar('EXACT', 1, { traded: { ...traded, firstId: 2, lastId: 2 } }),
    );
    expect(await minutesOf('EXACT')).toMatchObject([
      {
        open: least,
        high: most,
        low: least,
        close: most,
        volume: '199999999999999.999999999999999998',
        quote_volume: '0.000000000000000002',
      },
    ]);
  });

  test('says nothing of a book that is not live, and of depth that is not known', async () => {
    const depths = buildBook().depths.map((depth) => ({ ...depth, ask: null, askQuote: null }));
    await write(
      buildBar('UNKNOWN', 0, { book: null, isBookWhole: false, traded: buildTrades(1, 1) }),
      buildBar('UNKNOWN', 60, { book: buildBook({ depths }), isBookWhole: false }),
      buildBar('UNKNOWN', 120, { book: buildBook({ ask: null, askSize: null, depths }), isBookWhole: false }),
    );
    const none = { imbalance_sum: 0, imbalance_seconds: 0, ask_depth_10: null, book_whole_seconds: 0 };
    expect(await minutesOf('UNKNOWN')).toMatchObject([
      { ...none, book_seconds: 0, book_time: null, bid: null, mid: null, bid_depth_10: null, spread_bps_max: null },
      { ...none, book_seconds: 1, mid: '100', spread: '0.02', bid_depth_10: '6', spread_seconds: 1 },
      { ...none, book_seconds: 1, mid: null, spread: null, bid: '99.99', spread_seconds: 0 },
    ]);
  });

  test('has nothing to do for no bars', async () => {
    await writeBars(store.timeseries, [], 'none');
  });
});

describe(spreadBpsOf, () => {
  test('measures the spread by the middle', () => {
    expect(spreadBpsOf('99.99', '100.01')).toBe(2);
    expect(spreadBpsOf('1', '3.000')).toBe(10_000);
    expect(spreadBpsOf('0.00000001', null)).toBeNull();
    expect(spreadBpsOf('0', '0.00')).toBeNull();
  });

  test('rounds what is exact, however many digits it has', () => {
    fc.assert(
      fc.property(decimals, decimals, (bid, ask) => {
        const [low, high] = inOneUnit(bid, ask);
        const sum = Number(low + high);
        expect(spreadBpsOf(bid, ask)).toBe(sum === 0 ? null : (Number(2n * (high - low)) * 10_000) / sum);
        expect(imbalanceOf(bid, ask)).toBe(sum === 0 ? null : Number(low - high) / sum);
      }),
    );
  });
});

describe(imbalanceOf, () => {
  test('is 1 for bids alone and -1 for asks alone', () => {
    expect(imbalanceOf('3', '0')).toBe(1);
    expect(imbalanceOf('0', '0.3')).toBe(-1);
    expect(imbalanceOf('3.0', '1')).toBe(0.5);
    expect(imbalanceOf('0', '0')).toBeNull();
    expect(imbalanceOf(null, '1')).toBeNull();
  });
});

const decimals = fc
  .tuple(fc.integer({ min: 0, max: 20 }), fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.nat(12))
  .map(([digits, units, scale]) => formatDecimal(units % 10n ** BigInt(digits), scale));

function inOneUnit(a: string, b: string): [bigint, bigint] {
  const [left, right] = [parseDecimal(a), parseDecimal(b)];
  const scale = Math.max(left.scale, right.scale);
  const units = (value: typeof left) => value.units * 10n ** BigInt(scale - value.scale);
  return [units(left), units(right)];
}

let tokens = 0;
function write(...bars: Bar[]): Promise<number> {
  return writeBars(store.timeseries, bars, `token-${tokens++}`);
}

function secondsOf(symbol: string): Promise<object[]> {
  return store.timeseries.query('SELECT * FROM market_bars_1s FINAL WHERE symbol = {symbol:String} ORDER BY time', {
    symbol,
  });
}

function minutesOf(symbol: string): Promise<object[]> {
  const minutes = 'SELECT *, mid, spread FROM market_bars_1m FINAL WHERE symbol = {symbol:String} ORDER BY time';
  return store.timeseries.query(minutes, { symbol });
}
