import type { Logger } from 'pino';
import { type Interval, intervalSeconds } from '../../datasets/market/bar-read.ts';
import { describeError } from '../../runtime/errors.ts';

/** The newest candles of each of the symbols, the older ones first; symbols without any are left out. */
export type ReadCandles = (symbols: readonly string[], interval: Interval) => Promise<readonly NewestCandle[]>;

/** `text` is JSON without its braces. */
export interface NewestCandle {
  readonly symbol: string;
  readonly timeMs: number;
  readonly text: string;
}

/** Newest candles of the symbols that somebody follows. */
export interface CandleFeed {
  /** Calls back with the newest candles, and with each that has changed since; returns how to stop that. */
  follow(symbol: string, interval: Interval, follower: CandleFollower): () => void;
  stop(): Promise<void>;
}

export type CandleFollower = (candle: NewestCandle) => void;

interface Followed {
  /** Undefined until they are read. */
  newest: readonly NewestCandle[] | undefined;
  readonly followers: Set<CandleFollower>;
}

/** How often candles of an interval are read: a tenth of a percent of a day changes little. */
export function pollMsOf(interval: Interval): number {
  return Math.min(60_000, Math.max(1_000, intervalSeconds[interval] * 50));
}

/**
 * Looks every `tickMs`, while there is anybody, and asks for all symbols of an interval together when that is due (see `pollMsOf`);
 * for those that are new at once.
 */
export function createCandleFeed(deps: {
  readonly read: ReadCandles;
  readonly tickMs: number;
  readonly clock: () => number;
  readonly log: Logger;
}): CandleFeed {
  const followed = new Map<Interval, Map<string, Followed>>();
  const readAt = new Map<Interval, number>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let stopped = false;

  async function poll(): Promise<void> {
    for (const [interval, symbols] of followed) {
      const now = deps.clock();
      const isDue = now - (readAt.get(interval) ?? Number.NEGATIVE_INFINITY) >= pollMsOf(interval);
      if (isDue) readAt.set(interval, now);
      const wanted = [...symbols].filter(([, { newest }]) => isDue || newest === undefined);
      if (wanted.length === 0) continue;
      try {
        const names = wanted.map(([symbol]) => symbol);
        const read = Map.groupBy(await deps.read(names, interval), ({ symbol }) => symbol);
        for (const [symbol, each] of wanted) {
          const candles = read.get(symbol) ?? [];
          const changed = candles.filter(({ text }) => each.newest?.every((before) => before.text !== text) ?? true);
          each.newest = candles;
          for (const candle of changed) for (const follower of each.followers) follower(candle);
        }
      } catch (error) {
        deps.log.warn({ interval, reason: describeError(error) }, 'candles could not be read');
      }
    }
  }

  function schedule(delayMs: number): void {
    if (stopped || timer !== undefined || followed.size === 0) return;
    timer = setTimeout(() => {
      running = poll().finally(() => {
        running = undefined;
        timer = undefined;
        schedule(deps.tickMs);
      });
    }, delayMs);
  }

  return {
    follow: (symbol, interval, follower) => {
      const symbols = followed.get(interval) ?? new Map<string, Followed>();
      followed.set(interval, symbols);
      const each: Followed = symbols.get(symbol) ?? { newest: undefined, followers: new Set() };
      symbols.set(symbol, each);
      each.followers.add(follower);
      for (const candle of each.newest ?? []) follower(candle);
      schedule(0);
      return () => {
        each.followers.delete(follower);
        if (each.followers.size > 0 || symbols.get(symbol) !== each) return;
        symbols.delete(symbol);
        if (symbols.size === 0 && followed.get(interval) === symbols) followed.delete(interval);
      };
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
