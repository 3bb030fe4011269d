import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bar, versionOf } from '../../datasets/market/bar.ts';
import { type BarStore, buildBar, buildTrades, midnightMs, openBarStore } from '../../datasets/market/bar-fixtures.ts';
import { messageOf } from '../../datasets/market/bar-message.ts';
import { writeBars } from '../../datasets/market/timeseries.ts';
import { until } from '../../runtime/socket/testing/socket-client.ts';
import type { Batch, Bus } from '../../stores/bus.ts';
import { type CandleFeed, type LiveCandle, openCandleFeed } from './candle-feed.ts';
import { type CandleStore, createCandleStore } from './candle-reads.ts';
import { addSums, candleText, sumOf } from './candle-sums.ts';
import { silent } from './live-fixtures.ts';
import { createRecentSeconds } from './recent-seconds.ts';

let bars: BarStore;
beforeAll(async () => {
  bars = await openBarStore();
});
afterAll(async () => {
  await bars?.[Symbol.asyncDispose]();
});

const secondMs = 1000;

describe(createRecentSeconds, () => {
  it('sums minutes to the same whatever the order, with the highest version of each second', () => {
    const second = fc.record({
      at: fc.integer({ min: 0, max: 119 }),
      version: fc.integer({ min: 1, max: 3 }),
      price: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(second, { minLength: 1, maxLength: 60 }), (told) => {
        const recent = createRecentSeconds(5);
        const standing = new Map<number, (typeof told)[number]>();
        for (const each of told) {
          const { at, version, price } = each;
          recent.take({ timeMs: at * secondMs, version, traded: buildTrades(at * 10, price, price + version) });
          if ((standing.get(at)?.version ?? 0) < version) standing.set(at, each);
        }
        let sum: ReturnType<typeof addSums>;
        for (const { at, version, price } of standing.values())
          sum = addSums(sum, sumOf(buildTrades(at * 10, price, price + version)));
        expect(recent.sum(0, 120_000)).toEqual({ sum, isSeen: true });
      }),
      { numRuns: 100, seed: 5 },
    );
  });
});

describe(openCandleFeed, () => {
  it('tells what the store says of the same bars, whatever part of them it had before', async () => {
    const symbol = 'FEED1USDT';
    const all = Array.from({ length: 400 }, (_, at) =>
      buildBar(symbol, 3600 + at, {
        traded: at % 7 === 0 ? null : buildTrades(1 + at * 2, 100 + (at % 13), 90 + (at % 29)),
      }),
    );
    await writeBars(bars.timeseries, all.slice(0, 250), 'feed 1');
    const feed = await openFeed(createCandleStore(bars.timeseries), midnightMs + (3600 + 250) * secondMs);
    const told = {
      '1m': followed(feed, symbol, '1m'),
      '5m': followed(feed, symbol, '5m'),
      '1h': followed(feed, symbol, '1h'),
    };
    await until(() => Object.values(told).every((each) => each.size > 0));
    // Some are told again, and one differs now.
    await feed.give(all.slice(200, 330));
    await feed.give(all.slice(300));
    const late = buildBar(symbol, 3600 + 330, { traded: buildTrades(661, 150, 160), revision: 2 });
    await feed.give([late]);
    const standing = all.map((bar) => (bar.timeMs === late.timeMs ? late : bar));
    for (const [interval, seconds] of [
      ['1m', 60],
      ['5m', 300],
      ['1h', 3600],
    ] as const) {
      for (const [startMs, text] of [...told[interval]].slice(-2)) {
        let sum: ReturnType<typeof addSums>;
        for (const { timeMs, traded } of standing)
          if (traded !== null && timeMs >= startMs && timeMs < startMs + seconds * secondMs)
            sum = addSums(sum, sumOf(traded));
        expect([interval, text]).toEqual([interval, candleText(startMs, startMs + seconds * secondMs, sum)]);
      }
    }
    expect([...told['1m'].keys()].at(-1)).toBe(midnightMs + (3600 + 360) * secondMs);
    await feed.stop();
  });

  it('says that it is stale while no bars come, and while the store of what came before is away', async () => {
    let now = midnightMs;
    const failing: CandleStore = {
      readSeconds: async () => Promise.reject(new Error('away')),
      readSums: async () => [],
    };
    const feed = await openFeed(failing, () => now);
    expect(feed.staleness()).toEqual({ reason: 'silent', sinceMs: midnightMs });
    followed(feed, 'FEED2USDT', '1d');
    await feed.give([buildBar('FEED2USDT', 1)]);
    expect(feed.staleness()).toBeUndefined();
    await until(async () => {
      now += 10_000;
      await feed.give([buildBar('FEED2USDT', 2)]);
      return feed.staleness()?.reason === 'store-away';
    });
    now += 100_000;
    expect(feed.staleness()?.reason).toBe('silent');
    await feed.stop();
  });
});

describe(createCandleStore, () => {
  it('reads seconds in the version in which they came', async () => {
    const bar = buildBar('FEED3USDT', 10, { traded: buildTrades(5, 100), revision: 4 });
    await writeBars(bars.timeseries, [bar], 'feed 3');
    const [read] = await createCandleStore(bars.timeseries).readSeconds(['FEED3USDT'], midnightMs);
    expect([read?.timeMs, read?.version, read?.traded?.open]).toEqual([bar.timeMs, versionOf(bar), '100']);
  });
});

async function openFeed(
  store: CandleStore,
  clock: number | (() => number),
): Promise<CandleFeed & { give(bars: readonly Bar[]): Promise<void> }> {
  let follower: ((batch: Batch) => Promise<void>) | undefined;
  const bus = {
    follow: async (_topic, _group, handle) => {
      follower = handle;
      return async () => undefined;
    },
  } satisfies Pick<Bus, 'follow'> as unknown as Bus;
  const now = typeof clock === 'number' ? () => clock : clock;
  const feed = await openCandleFeed({ bus, store, busAwaySince: () => undefined, clock: now, log: silent, tickMs: 5 });
  return {
    ...feed,
    give: async (given) => {
      const messages = given.map((bar, at) => ({ ...messageOf(bar), offset: String(at), timestampMs: 0 }));
      await follower?.({ topic: 'market.bars', partition: 0, messages, id: '' });
    },
  };
}

/** The last text of each candle. */
function followed(feed: CandleFeed, symbol: string, interval: '1m' | '5m' | '1h' | '1d'): Map<number, string> {
  const told = new Map<number, string>();
  feed.follow(symbol, interval, ({ timeMs, text }: LiveCandle) => void told.set(timeMs, text));
  return told;
}
