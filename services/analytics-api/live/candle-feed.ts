import type { Logger } from 'pino';
import { versionOf } from '../../datasets/market/bar.ts';
import { barsTopic, parseBar } from '../../datasets/market/bar-message.ts';
import { type Interval, intervalSeconds } from '../../datasets/market/bar-read.ts';
import { describeError } from '../../runtime/errors.ts';
import type { Batch, Bus } from '../../stores/bus.ts';
import type { CandleStore } from './candle-reads.ts';
import { addSums, type CandleSum, candleText } from './candle-sums.ts';
import { createRecentSeconds, type RecentSeconds } from './recent-seconds.ts';

/** A candle as far as it is known. `text` is JSON without its braces. */
export interface LiveCandle {
  readonly timeMs: number;
  readonly text: string;
}

export type CandleFollower = (candle: LiveCandle) => void;

/** Candles as their seconds come over the bus: the one that is being made, and the one before it. */
export interface CandleFeed {
  /** Calls back with the newest two candles once they are known, and with each that changes. Returns how to stop that. */
  follow(symbol: string, interval: Interval, follower: CandleFollower): () => void;
  /** Undefined while bars come; else since when they do not. */
  staleness(): { readonly reason: 'bus-away' | 'store-away' | 'silent'; readonly sinceMs: number } | undefined;
  /** Calls back when `staleness` may have changed. */
  followFreshness(listener: () => void): () => void;
  stop(): Promise<void>;
}

export interface CandleFeedDeps {
  readonly bus: Bus;
  readonly store: CandleStore;
  /** Since when the bus is away; undefined while it is not. */
  readonly busAwaySince: () => number | undefined;
  readonly clock: () => number;
  readonly log: Logger;
  /** How often is looked at what has to be read. */
  readonly tickMs?: number;
}

const minuteMs = 60_000;
/** Held of each symbol, followed or not: what the store does not have yet, and time to read what it has. */
const minutesHeld = 7;
/** Minutes older than this come from the store. */
const minutesLive = 2;
/** How often the store is read again: what came late, and what was missed. */
const refreshMs = minuteMs;
const retryMs = 5_000;
/** What is held bridges so long a time in which the store cannot be read. */
const storeAwayMs = 2 * minuteMs;
/** Somebody trades something every few seconds. */
const silentMs = 30_000;
const symbolsMax = 5_000;

interface Followed {
  readonly symbol: string;
  readonly interval: Interval;
  readonly followers: Set<CandleFollower>;
  /** What the store has of the newest two candles, by their start, up to `cutMs`. */
  readonly stored: Map<number, CandleSum | undefined>;
  /** Undefined until it was read. */
  cutMs: number | undefined;
  readAtMs: number;
  /** As they were told, by their start. */
  readonly told: Map<number, string>;
}

/** Follows the bars of all symbols. Rejects when the bus cannot be followed. */
export async function openCandleFeed(deps: CandleFeedDeps): Promise<CandleFeed> {
  const { store, clock, log, tickMs = 1_000 } = deps;
  const recent = new Map<string, RecentSeconds>();
  const followed = new Map<string, Followed>();
  const listeners = new Set<() => void>();
  const begunAtMs = clock();
  let heardAtMs: number | undefined;
  let storeAwaySince: number | undefined;
  let wasStale: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let reading: Promise<void> | undefined;
  let stopped = false;

  function recentOf(symbol: string): RecentSeconds | undefined {
    const found = recent.get(symbol);
    if (found !== undefined || recent.size >= symbolsMax) return found;
    const made = createRecentSeconds(minutesHeld);
    recent.set(symbol, made);
    return made;
  }

  function candleAt({ symbol, interval, stored, cutMs = 0 }: Followed, startMs: number): string | undefined {
    const untilMs = startMs + intervalSeconds[interval] * 1000;
    const late = recent.get(symbol)?.sum(Math.max(startMs, interval === '1s' ? 0 : cutMs), untilMs);
    if (late?.isSeen !== true && !stored.has(startMs)) return undefined;
    return candleText(startMs, untilMs, addSums(stored.get(startMs), late?.sum));
  }

  /** Tells the newest two candles, as far as they have changed. */
  function tell(each: Followed): void {
    const { symbol, interval, cutMs, stored, told, followers } = each;
    if (cutMs === undefined) return;
    const heardMs = recent.get(symbol)?.newestMs ?? cutMs;
    // Bars of an earlier time than ours: what was read is not what comes before them.
    if (heardMs < cutMs) each.readAtMs = Number.NEGATIVE_INFINITY;
    const newest = Math.max(recent.get(symbol)?.newestMs ?? 0, ...stored.keys());
    // Between what was read and what is held something is missing.
    if (newest - cutMs > (minutesHeld - 1) * minuteMs && interval !== '1s') return;
    const lengthMs = intervalSeconds[interval] * 1000;
    const last = newest - (newest % lengthMs);
    for (const startMs of [last - lengthMs, last]) {
      const text = candleAt(each, startMs);
      if (text === undefined || told.get(startMs) === text) continue;
      told.set(startMs, text);
      for (const follower of followers) follower({ timeMs: startMs, text });
    }
    for (const startMs of told.keys()) if (startMs < last - lengthMs) told.delete(startMs);
  }

  async function takeBatch({ messages }: Batch): Promise<void> {
    heardAtMs = clock();
    const touched = new Set<string>();
    for (const { key, value, offset } of messages) {
      try {
        const bar = parseBar(value);
        const { symbol, timeMs, traded } = bar;
        if (recentOf(symbol)?.take({ timeMs, version: versionOf(bar), traded })) touched.add(symbol);
      } catch (error) {
        log.warn({ symbol: key, offset, reason: describeError(error) }, 'bar not understood');
      }
    }
    for (const each of followed.values()) if (touched.has(each.symbol)) tell(each);
    tellFreshness();
  }

  /** Reads what is due of all that is followed: in one query for the seconds, and in one for each interval. */
  async function refresh(): Promise<void> {
    const now = clock();
    const due = [...followed.values()].filter(({ readAtMs }) => now - readAtMs >= refreshMs);
    if (due.length === 0) return;
    for (const each of due) each.readAtMs = now;
    // Bars are of the exchange's clock.
    const newestMs = Math.max(...due.map(({ symbol }) => recent.get(symbol)?.newestMs ?? 0));
    const atMs = newestMs > 0 ? newestMs : now;
    const cutMs = atMs - (atMs % minuteMs) - minutesLive * minuteMs;
    try {
      const symbols = [...new Set(due.map(({ symbol }) => symbol))];
      for (const { symbol, ...second } of await store.readSeconds(symbols, cutMs)) recentOf(symbol)?.take(second);
      for (const [interval, own] of Map.groupBy(due, (each) => each.interval))
        await refreshInterval(interval, own, { atMs, cutMs });
      storeAwaySince = undefined;
    } catch (error) {
      storeAwaySince ??= now;
      for (const each of due) each.readAtMs = now - refreshMs + retryMs;
      log.warn({ reason: describeError(error) }, 'candles could not be read');
    }
    for (const each of due) if (followed.get(keyOf(each.symbol, each.interval)) === each) tell(each);
  }

  async function refreshInterval(
    interval: Interval,
    own: readonly Followed[],
    { atMs, cutMs }: { readonly atMs: number; readonly cutMs: number },
  ): Promise<void> {
    const lengthMs = intervalSeconds[interval] * 1000;
    const fromMs = atMs - (atMs % lengthMs) - lengthMs;
    const symbols = own.map(({ symbol }) => symbol);
    const sums = fromMs < cutMs ? await store.readSums(symbols, interval, fromMs, cutMs) : [];
    const bySymbol = Map.groupBy(sums, ({ symbol }) => symbol);
    for (const each of own) {
      each.stored.clear();
      for (const { startMs, sum } of bySymbol.get(each.symbol) ?? []) each.stored.set(startMs, sum);
      each.cutMs = cutMs;
    }
  }

  function schedule(delayMs: number): void {
    if (stopped || timer !== undefined) return;
    timer = setTimeout(() => {
      reading = refresh().finally(() => {
        timer = undefined;
        tellFreshness();
        schedule(tickMs);
      });
    }, delayMs);
  }

  function staleness(): ReturnType<CandleFeed['staleness']> {
    const away = deps.busAwaySince();
    if (away !== undefined) return { reason: 'bus-away', sinceMs: away };
    if (heardAtMs === undefined) return { reason: 'silent', sinceMs: begunAtMs };
    if (clock() - heardAtMs >= silentMs) return { reason: 'silent', sinceMs: heardAtMs };
    const isAway = storeAwaySince !== undefined && clock() - storeAwaySince >= storeAwayMs;
    return isAway ? { reason: 'store-away', sinceMs: storeAwaySince as number } : undefined;
  }

  function tellFreshness(): void {
    const reason = staleness()?.reason;
    if (reason === wasStale) return;
    wasStale = reason;
    for (const listener of listeners) listener();
  }

  const unfollow = await deps.bus.follow(barsTopic, 'analytics-api', takeBatch, { sinceMs: minutesHeld * minuteMs });
  schedule(tickMs);

  return {
    staleness,
    followFreshness: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    follow: (symbol, interval, follower) => {
      const key = keyOf(symbol, interval);
      const each: Followed = followed.get(key) ?? {
        ...{ symbol, interval, followers: new Set(), stored: new Map(), told: new Map() },
        cutMs: undefined,
        readAtMs: Number.NEGATIVE_INFINITY,
      };
      followed.set(key, each);
      each.followers.add(follower);
      for (const [timeMs, text] of each.told) follower({ timeMs, text });
      return () => {
        each.followers.delete(follower);
        if (each.followers.size === 0 && followed.get(key) === each) followed.delete(key);
      };
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await unfollow();
      await reading;
    },
  };
}

function keyOf(symbol: string, interval: Interval): string {
  return `${symbol} ${interval}`;
}
