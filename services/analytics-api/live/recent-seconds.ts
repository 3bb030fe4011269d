import { addSums, type CandleSum, sumOf, type Traded } from './candle-sums.ts';

/** A second, as far as candles are made of it. */
export interface Second {
  /** Its start; Unix milliseconds. */
  readonly timeMs: number;
  /** Of two the higher one stands: see versionOf in bar.ts. */
  readonly version: number;
  readonly traded: Traded | null;
}

/** The last seconds of one symbol, each in the version that stands. */
export interface RecentSeconds {
  /** Whether it says more than what was held of that second. */
  take(second: Second): boolean;
  /** What was traded in [fromMs, toMs), whole minutes or a single second; `isSeen`: whether any second of it is held. */
  sum(fromMs: number, toMs: number): { readonly sum: CandleSum | undefined; readonly isSeen: boolean };
  readonly newestMs: number | undefined;
}

interface Minute {
  readonly seconds: Map<number, { readonly version: number; readonly sum: CandleSum | undefined }>;
  sum: CandleSum | undefined;
}

const minuteMs = 60_000;

/** Keeps so many minutes behind the newest second. */
export function createRecentSeconds(minutesMax: number): RecentSeconds {
  const minutes = new Map<number, Minute>();
  let newestMs: number | undefined;

  function take({ timeMs, version, traded }: Second): boolean {
    const start = timeMs - (timeMs % minuteMs);
    if (newestMs !== undefined && start <= newestMs - minutesMax * minuteMs) return false;
    const minute = minutes.get(start) ?? { seconds: new Map(), sum: undefined };
    minutes.set(start, minute);
    const held = minute.seconds.get(timeMs);
    if (held !== undefined && held.version >= version) return false;
    const sum = traded === null ? undefined : sumOf(traded);
    minute.seconds.set(timeMs, { version, sum });
    if (held?.sum === undefined) minute.sum = addSums(minute.sum, sum);
    else {
      minute.sum = undefined;
      for (const each of minute.seconds.values()) minute.sum = addSums(minute.sum, each.sum);
    }
    if (newestMs === undefined || timeMs > newestMs) {
      newestMs = timeMs;
      for (const each of minutes.keys()) if (each <= timeMs - minutesMax * minuteMs) minutes.delete(each);
    }
    return true;
  }

  return {
    take,
    get newestMs() {
      return newestMs;
    },
    sum: (fromMs, toMs) => {
      if (fromMs >= toMs) return { sum: undefined, isSeen: false };
      if (toMs - fromMs < minuteMs) {
        const second = minutes.get(fromMs - (fromMs % minuteMs))?.seconds.get(fromMs);
        return { sum: second?.sum, isSeen: second !== undefined };
      }
      let sum: CandleSum | undefined;
      let isSeen = false;
      for (const [start, minute] of minutes) {
        if (start < fromMs || start >= toMs) continue;
        sum = addSums(sum, minute.sum);
        isSeen = true;
      }
      return { sum, isSeen };
    },
  };
}
