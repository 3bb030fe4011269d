import { describe, expect, it } from 'vitest';
import { createFeed, type FeedOptions } from './feed.ts';

type Levels = [price: string, size: string][];
interface Diff {
  readonly s: string;
  readonly U: number;
  readonly u: number;
  readonly pu?: number;
  readonly b: Levels;
  readonly a: Levels;
}
interface Snapshot {
  readonly lastUpdateId: number;
  readonly bids: Levels;
  readonly asks: Levels;
}

const spot: FeedOptions = { market: 'spot', symbols: 3, seed: 1 };
const usdm: FeedOptions = { ...spot, market: 'usdm' };

describe(createFeed, () => {
  it('sends the same messages for the same seed, and others for another', () => {
    expect(diffsOf(spot, 50)).toEqual(diffsOf(spot, 50));
    expect(diffsOf(spot, 50)).not.toEqual(diffsOf({ ...spot, seed: 2 }, 50));
  });

  it('numbers the updates of spot without a break, the first one across the snapshot', () => {
    const { lastUpdateId } = snapshotOf(spot);
    const diffs = diffsOf(spot, 200);
    expect(diffs[0]?.U).toBeLessThanOrEqual(lastUpdateId + 1);
    expect(diffs[0]?.u).toBeGreaterThanOrEqual(lastUpdateId + 1);
    for (const [at, diff] of diffs.entries()) {
      expect(diff.u).toBeGreaterThanOrEqual(diff.U);
      if (at > 0) expect(diff.U).toBe((diffs[at - 1]?.u ?? 0) + 1);
    }
  });

  it('tells of futures which update each continues, the first one across the snapshot', () => {
    const { lastUpdateId } = snapshotOf(usdm);
    const diffs = diffsOf(usdm, 200);
    expect(diffs[0]?.U).toBeLessThanOrEqual(lastUpdateId);
    expect(diffs[0]?.u).toBeGreaterThanOrEqual(lastUpdateId);
    for (const [at, diff] of diffs.entries()) {
      if (at > 0) expect(diff.pu).toBe(diffs[at - 1]?.u);
      expect(diff.U).toBeGreaterThan(diff.pu ?? Number.NaN);
    }
  });

  it.each([spot, usdm])('keeps a book that is never crossed nor empty on $market', (options) => {
    const feed = createFeed(options);
    const symbol = feed.symbols[0] ?? '';
    const first = JSON.parse(feed.snapshot(symbol, 0)) as Snapshot;
    const book = { bids: new Map(first.bids), asks: new Map(first.asks) };
    for (let at = 0; at < 2000; at++) {
      const diff = dataOf(feed.diff(symbol, at));
      apply(book.bids, diff.b);
      apply(book.asks, diff.a);
      expect(Math.max(...[...book.bids.keys()].map(Number))).toBeLessThan(
        Math.min(...[...book.asks.keys()].map(Number)),
      );
    }
    const last = JSON.parse(feed.snapshot(symbol, 0)) as Snapshot;
    expect(best(book.bids, -1).slice(0, 1000)).toEqual(last.bids);
    expect(best(book.asks, 1).slice(0, 1000)).toEqual(last.asks);
  });

  it('tells the best of the book by its ticker', () => {
    const feed = createFeed(spot);
    const symbol = feed.symbols[1] ?? '';
    for (let at = 0; at < 100; at++) feed.diff(symbol, at);
    const { bids, asks, lastUpdateId } = JSON.parse(feed.snapshot(symbol, 0)) as Snapshot;
    const [[b, B] = [], [a, A] = []] = [bids[0], asks[0]];
    expect(JSON.parse(feed.ticker(symbol))).toEqual({
      stream: 'coin1usdt@bookTicker',
      data: { u: lastUpdateId, s: 'COIN1USDT', b, B, a, A },
    });
  });
});

function snapshotOf(options: FeedOptions): Snapshot {
  const feed = createFeed(options);
  return JSON.parse(feed.snapshot(feed.symbols[0] ?? '', 0));
}

function diffsOf(options: FeedOptions, count: number): Diff[] {
  const feed = createFeed(options);
  return Array.from({ length: count }, (_, at) => dataOf(feed.diff(feed.symbols[0] ?? '', 100 * at)));
}

function dataOf(message: string): Diff {
  return (JSON.parse(message) as { data: Diff }).data;
}

function apply(side: Map<string, string>, levels: Levels): void {
  for (const [price, size] of levels) {
    if (Number(size) === 0) side.delete(price);
    else side.set(price, size);
  }
}

function best(side: Map<string, string>, away: number): Levels {
  return [...side].sort(([a], [b]) => away * (Number(a) - Number(b)));
}
