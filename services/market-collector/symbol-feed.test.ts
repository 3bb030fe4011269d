import { describe, expect, test } from 'vitest';
import type { Bar } from '../datasets/market/bar.ts';
import type { Gap, MarketRecord } from '../datasets/market/record.ts';
import type { Market } from './binance/messages.ts';
import { createSymbolFeed } from './symbol-feed.ts';

describe(createSymbolFeed, () => {
  test('writes no checkpoint of a book in doubt, but once it is sound', () => {
    const { feed, at, depth, ticker, snapshot, kinds } = startFeed('spot');
    ticker(101, '100');
    depth(102, '100');
    ticker(103, '98');
    depth(104, '100');
    ticker(105, '97');
    expect(feed.report().gap).toMatchObject({ reason: 'ticker' });
    feed.wantCheckpoint();
    at.ms += 1000;
    feed.tick();
    expect(kinds()).not.toContain('checkpoint');
    snapshot(104, '98');
    feed.wantCheckpoint();
    feed.tick();
    expect(kinds().filter((kind) => kind === 'checkpoint')).toHaveLength(1);
  });

  test('remembers a checkpoint that was wanted before there was a book to write down', () => {
    const { feed, at, kinds, depth, snapshot } = openFeed('spot');
    feed.wantCheckpoint();
    feed.tick();
    feed.onHealed(['depth', 'ticker', 'trade']);
    snapshot(100, '100');
    depth(101, '100');
    at.ms += checkpointIntervalMs;
    feed.tick();
    expect(kinds()).toEqual(['snapshot', 'depth', 'checkpoint']);
  });

  test('writes checkpoints by what has passed, whatever is done to the clock', () => {
    const { feed, at, kinds } = startFeed('spot');
    at.skewMs = -3_600_000;
    at.ms += checkpointIntervalMs;
    feed.tick();
    expect(kinds().at(-1)).toBe('checkpoint');
  });

  test('counts trades though the clock is set an hour ahead', () => {
    const { feed, at, trade, bars } = startFeed('spot');
    trade(1);
    at.skewMs = 3_600_000;
    at.ms += 250;
    feed.tick();
    for (let id = 2; id < 8; id++) {
      at.ms += 1000;
      trade(id);
      feed.tick();
    }
    feed.close();
    expect(bars.reduce((sum, bar) => sum + (bar.traded?.count ?? 0), 0)).toBe(7);
  });

  test('tells the time of a gap, and of what ends it, by the clock of the exchange', () => {
    const { feed, at, depth, snapshot, gaps, records } = startFeed('spot');
    // Ours is wrong.
    at.skewMs = 77_000;
    const heldAtMs = at.ms;
    depth(102, '100');
    at.ms += 30_000;
    feed.onBroken(['depth', 'ticker', 'trade'], 'silent for 30 s');
    feed.onHealed(['depth', 'ticker', 'trade']);
    depth(201, '100');
    const backAtMs = at.ms;
    at.ms += 100;
    snapshot(201, '100');
    const ofBook = gaps.filter(({ stream }) => stream === 'book');
    expect(ofBook).toMatchObject([
      { reason: 'disconnect', fromUpdateId: 102, openedAtMs: heldAtMs, closedAtMs: null },
      { reason: 'disconnect', fromUpdateId: 102, openedAtMs: heldAtMs, toUpdateId: 201, closedAtMs: backAtMs },
    ]);
    expect(records.at(-1)).toMatchObject({ kind: 'snapshot', eventTimeMs: backAtMs, receivedAtMs: backAtMs + 77_100 });
  });

  test('says that a depth stream has died, wants no snapshot meanwhile, and goes on when it is back', () => {
    const { feed, at, depth, ticker, snapshot, gaps, asked } = startFeed('spot');
    asked.length = 0;
    for (let id = 200; id < 230; id++) {
      ticker(id, '99');
      at.ms += 250;
      feed.tick();
    }
    expect(asked).toEqual(['cancel', 'stalled']);
    expect(gaps).toMatchObject([{ stream: 'book', reason: 'disconnect', fromUpdateId: 101 }]);
    depth(300, '99');
    expect(asked).toEqual(['cancel', 'stalled', 'gap']);
    snapshot(300, '99');
    expect(feed.report()).toMatchObject({ state: 'live', gap: undefined });
  });

  test('asks once when the stream is back, and never while it is lost', () => {
    const { feed, depth, asked } = openFeed('spot');
    depth(100, '100');
    expect(asked).toEqual([]);
    for (let flap = 0; flap < 2; flap++) {
      feed.onHealed(['depth']);
      depth(101 + flap, '100');
      feed.onBroken(['depth'], 'closed');
    }
    expect(asked).toEqual(['start', 'cancel', 'gap', 'cancel']);
  });

  test('tells of trades and tickers that are lost alone', () => {
    const { feed, at, trade, ticker, gaps } = startFeed('usdm');
    trade(1);
    const heldAtMs = at.ms;
    ticker(101, '100');
    feed.onBroken(['trade'], 'closed');
    feed.onBroken(['trade'], 'closed');
    at.ms += 60_000;
    feed.onHealed(['trade']);
    trade(5000);
    const of = { stream: 'trades', reason: 'disconnect', fromUpdateId: 1, openedAtMs: heldAtMs, detail: 'closed' };
    expect(gaps).toMatchObject([
      { ...of, toUpdateId: null, closedAtMs: null },
      { ...of, toUpdateId: 5000, closedAtMs: at.ms },
    ]);
    gaps.length = 0;
    feed.onBroken(['ticker'], 'closed');
    ticker(300, '100');
    expect(gaps).toMatchObject([
      { stream: 'tickers', fromUpdateId: 101, toUpdateId: null },
      { stream: 'tickers', fromUpdateId: 101, toUpdateId: 300, closedAtMs: at.ms },
    ]);
    expect(feed.report()).toMatchObject({ state: 'live', gap: undefined });
  });

  test('tells of trades that are missing between two, not of one that is late or comes again', () => {
    const { at, trade, gaps } = startFeed('spot');
    trade(1);
    at.ms += 10;
    trade(4);
    const closed = gaps.filter(({ closedAtMs }) => closedAtMs !== null);
    expect(closed).toMatchObject([{ stream: 'trades', reason: 'sequence', fromUpdateId: 1, toUpdateId: 4 }]);
    gaps.length = 0;
    trade(3, at.ms - 1);
    trade(4);
    trade(5);
    expect(gaps).toEqual([]);
  });

  test('goes on with trades whose ids begin anew', () => {
    const { feed, at, trade, records, gaps } = startFeed('spot');
    for (let id = 1000; id < 1400; id++) {
      at.ms += 500;
      trade(id);
      feed.tick();
    }
    at.ms += 600_000;
    const before = records.length;
    for (let id = 1; id <= 1400; id++) {
      at.ms += 500;
      trade(id);
      feed.tick();
    }
    expect(records.slice(before).filter(({ kind }) => kind === 'trade')).toHaveLength(1400);
    expect(gaps.filter(({ closedAtMs }) => closedAtMs === null)).toMatchObject([
      { stream: 'trades', reason: 'sequence', fromUpdateId: 1399 },
    ]);
  });
});

const checkpointIntervalMs = 600_000;

/** A feed whose records, gaps and wishes are kept. `at` is the exchange's clock; ours is that and `skewMs`. */
function openFeed(market: Market) {
  const at = { ms: 1_000_000_000_000, skewMs: 0 };
  const records: MarketRecord[] = [];
  const gaps: Gap[] = [];
  const bars: Bar[] = [];
  const asked: string[] = [];
  const now = () => at.ms + at.skewMs;
  const feed = createSymbolFeed({
    symbol: 'X',
    market,
    heldTo: undefined,
    recordIntervalMs: 0,
    checkpointIntervalMs,
    bufferBytesMax: 1_000_000,
    now,
    elapsedMs: () => at.ms,
    sinks: {
      record: (record) => records.push(record),
      gap: (gap) => gaps.push(gap),
      bars: (more) => bars.push(...more),
      wantSnapshot: (why) => asked.push(why),
      cancelSnapshot: () => asked.push('cancel'),
      onStreamStalled: () => asked.push('stalled'),
      dropped: () => undefined,
      joined: () => undefined,
    },
  });
  let lastId = 100;
  const asks = '[["200","1"]]';
  const of = { symbol: 'X', bidSize: '1', ask: '200', askSize: '1' };
  return {
    ...{ feed, at, records, gaps, bars, asked },
    kinds: () => records.map(({ kind }) => kind).filter((kind) => kind !== 'ticker'),
    /** The best bid of the exchange is a new one. */
    depth: (updateId: number, bid: string) => {
      const previousUpdateId = market === 'spot' ? undefined : lastId;
      const bids = `[["${bid}","1"]]`;
      const ids = { firstUpdateId: lastId + 1, lastUpdateId: updateId, previousUpdateId };
      feed.onMessage({ kind: 'depth', symbol: 'X', ...ids, eventTimeMs: at.ms, bids, asks }, now());
      lastId = updateId;
    },
    ticker: (updateId: number, bid: string) => {
      const eventTimeMs = market === 'spot' ? undefined : at.ms;
      feed.onMessage({ kind: 'ticker', ...of, updateId, eventTimeMs, bid }, now());
    },
    trade: (tradeId: number, tradeTimeMs = at.ms) => {
      const told = { price: '1', size: '1', buyerIsMaker: true };
      feed.onMessage({ kind: 'trade', symbol: 'X', tradeId, eventTimeMs: at.ms, tradeTimeMs, ...told }, now());
    },
    snapshot: (lastUpdateId: number, bid: string) => {
      const eventTimeMs = market === 'spot' ? undefined : at.ms;
      feed.onSnapshot({ lastUpdateId, eventTimeMs, bids: `[["${bid}","1"]]`, asks, limit: 1000 }, now());
    },
  };
}

/** Live at update 101. */
function startFeed(market: Market) {
  const opened = openFeed(market);
  opened.feed.onHealed(['depth', 'ticker', 'trade']);
  opened.snapshot(100, '100');
  opened.depth(101, '100');
  return opened;
}
