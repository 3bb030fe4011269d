import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { windowStart } from '../datasets/chain/window-size.ts';
import { findStaleWindows } from '../datasets/chain/windows.ts';
import { describeError } from '../runtime/errors.ts';
import type { Timeseries } from '../stores/timeseries.ts';

/** Hours and days that follow their minutes. */
export interface Rollups {
  /** These minutes of a network were computed anew. */
  touch(network: string, minutes: readonly number[]): void;
  /** Why hours and days are behind; undefined when they are not for a failure. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

export interface RollupPace {
  /** A network's hours, and its days, are computed no more often than this, and one that never rests no later. */
  readonly hourMs: number;
  readonly dayMs: number;
  /** How often all networks are searched for what somebody else left behind. */
  readonly searchMs: number;
}

const defaultPace: RollupPace = { hourMs: 5_000, dayMs: 60_000, searchMs: 600_000 };
const tickMs = 250;
/** Of one network at once; a day may be large. */
const windowsMax = { hour: 24, day: 1 } as const;
/** After work that took a while, the next of its kind waits so many times as long: a busy network's days must not fill the store. */
const restFactor = 20;
/** Beyond so many nothing is noted: the search finds them when some of these are done. */
const notedMax = 50_000;
const foundMax = 10_000;
const backoffMs = 5_000;

type RollupSize = 'hour' | 'day';
const sizes: readonly RollupSize[] = ['hour', 'day'];

/**
 * Computes hours and days anew after their minutes, a bounded amount at a time. What is to be done is noted in memory, and in the tables:
 * an hour is behind if a minute of it has a higher version. So what a process leaves when it is killed, another finds.
 */
export function startRollups(options: {
  readonly timeseries: Timeseries;
  readonly recompute: (network: string, size: RollupSize, starts: readonly number[]) => Promise<void>;
  readonly log: Logger;
  readonly pace?: RollupPace | undefined;
}): Rollups {
  const { timeseries, recompute, log, pace = defaultPace } = options;
  const abort = new AbortController();
  const { signal } = abort;
  /** By size and network: what is to be done, in the order it was noted. */
  const noted = new Map<string, { network: string; size: RollupSize; starts: Set<number>; dueMs: number }>();
  let count = 0;
  let searchAtMs = Number.NEGATIVE_INFINITY;
  let trouble: string | undefined;

  function note(network: string, size: RollupSize, start: number): void {
    const key = `${size} ${network}`;
    const of = noted.get(key) ?? { network, size, starts: new Set(), dueMs: Number.NEGATIVE_INFINITY };
    noted.set(key, of);
    if (of.starts.has(start) || count >= notedMax) return;
    of.starts.add(start);
    count++;
  }

  async function search(): Promise<void> {
    const fromMs = performance.now();
    let isWhole = true;
    for (const size of sizes) {
      const found = await findStaleWindows(timeseries, size, foundMax);
      for (const { network, start } of found) note(network, size, start);
      isWhole &&= found.length < foundMax;
    }
    const tookMs = performance.now() - fromMs;
    searchAtMs = performance.now() + (isWhole ? Math.max(pace.searchMs, restFactor * tookMs) : restFactor * tookMs);
  }

  async function work(): Promise<void> {
    if (performance.now() >= searchAtMs) await search();
    for (const of of noted.values()) {
      if (signal.aborted) return;
      const fromMs = performance.now();
      if (of.starts.size === 0 || of.dueMs > fromMs) continue;
      const starts = [...of.starts].slice(0, windowsMax[of.size]);
      // Taken out first: what is touched meanwhile is noted again.
      for (const start of starts) of.starts.delete(start);
      count -= starts.length;
      try {
        await recompute(of.network, of.size, starts);
      } catch (error) {
        for (const start of starts) note(of.network, of.size, start);
        of.dueMs = performance.now() + backoffMs;
        throw error;
      }
      const tookMs = performance.now() - fromMs;
      of.dueMs = fromMs + Math.max(of.size === 'hour' ? pace.hourMs : pace.dayMs, restFactor * tookMs);
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      try {
        await work();
        trouble = undefined;
      } catch (error) {
        const reason = describeError(error);
        if (reason !== trouble) log.warn({ reason }, 'hours and days could not be computed, trying again');
        trouble = reason;
      }
      await sleep(tickMs, undefined, { signal }).catch(() => undefined);
    }
  }

  const running = run();
  return {
    touch: (network, minutes) => {
      for (const size of sizes)
        for (const start of new Set(minutes.map((minute) => windowStart(size, minute)))) note(network, size, start);
    },
    trouble: () => trouble,
    stop: async () => {
      abort.abort();
      await running;
    },
  };
}
