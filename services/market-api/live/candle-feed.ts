import type { Logger } from 'pino';
import type { Interval } from '../../datasets/market/bar-read.ts';
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
  newest: readonly NewestCandle[];
  readonly followers: Set<CandleFollower>;
}

/** Asks once per `pollMs` for all symbols of an interval together, while there are any. */
export function createCandleFeed(deps: {
  readonly read: ReadCandles;
  readonly pollMs: number;
  readonly log: Logger;
}): CandleFeed {
  const followed = new Map<Interval, Map<string, Followed>>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let stopped = false;

  async function poll(): Promise<void> {
    for (const [interval, symbols] of followed) {
      try {
        const read = Map.groupBy(await deps.read([...symbols.keys()], interval), ({ symbol }) => symbol);
        for (const [symbol, candles] of read) {
          const each = symbols.get(symbol);
          if (each === undefined) continue;
          const changed = candles.filter(({ text }) => each.newest.every((before) => before.text !== text));
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
        schedule(deps.pollMs);
      });
    }, delayMs);
  }

  return {
    follow: (symbol, interval, follower) => {
      const symbols = followed.get(interval) ?? new Map<string, Followed>();
      followed.set(interval, symbols);
      const each: Followed = symbols.get(symbol) ?? { newest: [], followers: new Set() };
      symbols.set(symbol, each);
      each.followers.add(follower);
      for (const candle of each.newest) follower(candle);
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
