import type { Count } from '../cache.ts';

/** Counters of one process, each for a window that begins with its first call. The one called longest ago goes first. */
export function createCounters(options: {
  readonly countersMax: number;
  /** Milliseconds of any monotonic clock. */
  readonly now: () => number;
}): (key: string, windowMs: number) => Count {
  const { countersMax, now } = options;
  const counters = new Map<string, { count: number; readonly beganAt: number; readonly windowMs: number }>();
  return (key, windowMs) => {
    const at = now();
    const found = counters.get(key);
    // Of a sum, a fraction of a millisecond might be left over: a window would end later than it is long. And the clock of a
    // virtual machine was seen to step back a little.
    const leftMs = (begun: { beganAt: number; windowMs: number }): number =>
      begun.windowMs - Math.max(0, at - begun.beganAt);
    const counter = found !== undefined && leftMs(found) > 0 ? found : { count: 0, beganAt: at, windowMs };
    counter.count += 1;
    counters.delete(key);
    counters.set(key, counter);
    for (const oldest of counters.keys()) {
      if (counters.size <= countersMax) break;
      counters.delete(oldest);
    }
    return { count: counter.count, resetMs: leftMs(counter) };
  };
}
