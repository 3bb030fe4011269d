import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { findStaleWindows, readTouchedNetworks } from '../datasets/chain/window-plan.ts';
import { type WindowSize, windowSizes, windowStart } from '../datasets/chain/window-size.ts';
import { describeError } from '../runtime/errors.ts';
import type { Timeseries } from '../stores/timeseries.ts';

/** When windows are computed that changes touched. */
export interface WindowSchedule {
  /** These minutes of a network are marked as touched. */
  touch(network: string, minutes: readonly number[]): void;
  /** Why windows are behind; undefined when they are not for a failure. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

/** How often the windows of a network are computed at most, by their size, and how often it is searched for what others left. */
export type WindowPace = Readonly<Record<WindowSize | 'search', number>>;

/** The least; a busy network's days take a while, and rest by that: see `restFactor`. */
const defaultPaceMs: WindowPace = { minute: 5_000, hour: 60_000, day: 300_000, search: 600_000 };
/** A laptop has few networks, and a person who looks. */
const laptopPaceMs: WindowPace = { ...defaultPaceMs, hour: 10_000, day: 15_000 };

/** @param seconds Of windows of every size; undefined for those that suit a laptop or a cluster. */
export function windowPace(seconds: number | undefined, isLaptop: boolean): WindowPace {
  const paceMs = isLaptop ? laptopPaceMs : defaultPaceMs;
  if (seconds === undefined) return paceMs;
  return { ...paceMs, minute: seconds * 1000, hour: seconds * 1000, day: seconds * 1000 };
}

const tickMs = 250;
/** Of one network at once; a day may be large. */
const windowsMax: Readonly<Record<WindowSize, number>> = { minute: 240, hour: 24, day: 1 };
/** After work that took a while, a network's next waits so many times as long: those of a busy one must not fill the store. */
const restFactor: Readonly<Record<WindowSize | 'search', number>> = { minute: 10, hour: 20, day: 20, search: 20 };
/** The longest rest: a store that stood still for minutes made no work of them, and must not be waited for after that. */
const restMaxPaces = 5;
/** What is beyond is left to a search, once these are done. */
const notedMax = 2_000;
const backoffMs = 5_000;

/** The windows of one size of one network. */
interface Line {
  readonly network: string;
  readonly size: WindowSize;
  /** What is to be computed. */
  readonly starts: Set<number>;
  dueMs: number;
  searchAtMs: number;
  /** Not all that is to be computed is noted. */
  isCut: boolean;
}

/**
 * Computes windows after changes touched them, a bounded amount at a time: one window's work of each size is under way at once,
 * whatever the networks, and the newest windows of a network come first. What is to be done is noted in memory, and stands in the
 * tables; a search there finds what a process that was killed or lost a network left behind: it is made when this process first
 * hears of a network, and now and then.
 */
export function scheduleWindows(options: {
  readonly timeseries: Timeseries;
  readonly compute: (network: string, size: WindowSize, starts: readonly number[]) => Promise<void>;
  readonly log: Logger;
  readonly paceMs?: WindowPace | undefined;
}): WindowSchedule {
  const { timeseries, compute, log, paceMs = defaultPaceMs } = options;
  const abort = new AbortController();
  const { signal } = abort;
  const lines: Record<WindowSize, Map<string, Line>> = { minute: new Map(), hour: new Map(), day: new Map() };
  /** By what could not be done. */
  const troubles = new Map<string, string>();

  function lineOf(network: string, size: WindowSize): Line {
    const fresh = { network, size, starts: new Set<number>(), dueMs: 0, searchAtMs: 0, isCut: false };
    const line = lines[size].get(network) ?? fresh;
    lines[size].set(network, line);
    return line;
  }

  function note(line: Line, starts: Iterable<number>): void {
    for (const start of starts) {
      if (line.starts.size < notedMax) line.starts.add(start);
      else if (!line.starts.has(start)) line.isCut = true;
    }
  }

  async function search(line: Line): Promise<void> {
    const fromMs = performance.now();
    const found = await findStaleWindows(timeseries, line.network, line.size, notedMax);
    line.isCut = found.length === notedMax;
    note(line, found);
    line.searchAtMs = performance.now() + restOf('search', fromMs);
  }

  async function work(line: Line): Promise<void> {
    const fromMs = performance.now();
    if (line.searchAtMs <= fromMs || (line.isCut && line.starts.size === 0)) await search(line);
    if (line.starts.size === 0) return;
    const starts = [...line.starts].sort((a, b) => b - a).slice(0, windowsMax[line.size]);
    // Taken out first: what is touched meanwhile is noted again.
    for (const start of starts) line.starts.delete(start);
    try {
      await compute(line.network, line.size, starts);
    } catch (error) {
      note(line, starts);
      throw error;
    }
    line.dueMs = performance.now() + restOf(line.size, fromMs);
  }

  function restOf(what: WindowSize | 'search', fromMs: number): number {
    const pace = paceMs[what];
    return Math.min(Math.max(pace, restFactor[what] * (performance.now() - fromMs)), restMaxPaces * pace);
  }

  /** Whether it went well. */
  async function attempt(what: string, tried: () => Promise<void>): Promise<boolean> {
    try {
      await tried();
      troubles.delete(what);
      return true;
    } catch (error) {
      const reason = describeError(error);
      if (troubles.size === 0) log.warn({ what, reason }, 'windows could not be computed, trying again');
      troubles.set(what, reason);
      return false;
    }
  }

  /** Each size has a loop of its own, as a long day must hold up no minute. */
  async function run(size: WindowSize): Promise<void> {
    let networksAtMs = 0;
    while (!signal.aborted) {
      if (performance.now() >= networksAtMs) {
        const isDone = await attempt('networks', async () => {
          for (const network of await readTouchedNetworks(timeseries)) lineOf(network, size);
        });
        networksAtMs = performance.now() + (isDone ? paceMs.search : backoffMs);
      }
      for (const line of [...lines[size].values()]) {
        if (signal.aborted) break;
        if (line.dueMs > performance.now()) continue;
        if (await attempt(`${size}s of ${line.network}`, () => work(line))) continue;
        line.dueMs = performance.now() + backoffMs;
      }
      await sleep(tickMs, undefined, { signal }).catch(() => undefined);
    }
  }

  const running = windowSizes.map(run);
  return {
    touch: (network, minutes) => {
      for (const size of windowSizes) note(lineOf(network, size), new Set(minutes.map((at) => windowStart(size, at))));
    },
    trouble: () => [...troubles.values()][0],
    stop: async () => {
      abort.abort();
      await Promise.all(running);
    },
  };
}
