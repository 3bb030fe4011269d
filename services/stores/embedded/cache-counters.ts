import type { Count } from '../cache.ts';

/** Counters of one process, each for a window that begins with its first call. The one called longest ago goes first. */
export function createCounters(options: {
  readonly countersMax: number;
  /** Milliseconds of any monotonic clock. */
  readonly now: () => number;
}): (key: string, windowMs: number) => Count {
  const { countersMax, now } = options;
  const counters = new Map<string, { count: number; endsAt: number }>();
  return (key, windowMs) => {
    const at = now();
    const found = counters.get(key);
    const counter = found !== undefined && found.endsAt > at ? found : { count: 0, endsAt: at + windowMs };
    counter.count += 1;
    counters.delete(key);
    counters.set(key, counter);
    for (const oldest of counters.keys()) {
      if (counters.size <= countersMax) break;
      counters.delete(oldest);
    }
    return { count: counter.count, resetMs: counter.endsAt - at };
  };
}
