import type { Bar } from '../datasets/market/bar.ts';

/** How far the seconds of each symbol have come. */
export interface Watermarks {
  /** Takes the bars in, and gives how many of each symbol came too late: their minute was closed when they did. */
  advance(bars: readonly Bar[]): ReadonlyMap<string, number>;
  /** The newest second of each symbol; Unix milliseconds. */
  newest(): ReadonlyMap<string, number>;
}

/** A collector tells a second anew for a minute after it, and takes some seconds to do so. */
const allowedLatenessMs = 120_000;

/** Watermarks of what is told to them: after a restart they begin anew. */
export function createWatermarks(): Watermarks {
  const newest = new Map<string, number>();
  return {
    advance: (bars) => {
      const late = new Map<string, number>();
      for (const { symbol, timeMs } of bars) {
        const before = newest.get(symbol) ?? timeMs;
        if (timeMs > before || !newest.has(symbol)) newest.set(symbol, timeMs);
        const closesAtMs = (Math.floor(timeMs / 60_000) + 1) * 60_000 + allowedLatenessMs;
        if (before >= closesAtMs) late.set(symbol, (late.get(symbol) ?? 0) + 1);
      }
      return late;
    },
    newest: () => newest,
  };
}
