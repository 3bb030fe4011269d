import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { findStaleWindows, readTouchedNetworks } from '../datasets/chain/window-plan.ts';
import { type WindowSize, windowSizes, windowStart } from '../datasets/chain/window-size.ts';
import { describeError } from '../runtime/errors.ts';
import type { Timeseries } from '../stores/timeseries.ts';

/** When windows are computed that changes touched. */
export interface WindowSchedule {
  /** These minutes of a network are marked as touched, by a batch that this process was given. */
  touch(network: string, minutes: readonly number[]): void;
  /** Why windows are behind; undefined when they are not for a failure. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

/** How often the windows of a network are computed at most, by their size, and how often a network is searched for what others left. */
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
/** How often it is looked whose networks are whose. */
const lookMs = 1_000;
/** A network that is new here is searched once more so long after the first time: who had it may have been at its last batch. */
const searchAgainMs = 30_000;

/** The windows of one size of one network. */
interface Line {
  readonly network: string;
  readonly size: WindowSize;
  /** What is to be computed. */
  readonly starts: Set<number>;
  /** Whether the network's messages come here; if not, nothing is searched for, and the line ends with what is noted. */
  readonly isOwn: boolean;
  dueMs: number;
  searchAtMs: number;
  searches: number;
  /** Not all that is to be computed is noted. */
  isCut: boolean;
}

/**
 * Computes windows after changes touched them, a bounded amount at a time: one window's work of each size is under way at once,
 * whatever the networks, and the newest windows of a network come first. What is to be done is noted in memory, and stands in the
 * tables.
 *
 * A search there finds what a process that was killed, or lost a network, left behind. Of several processes the one does it that
 * the network's messages come to: when they begin to, shortly after that, and now and then. What is noted of a network whose
 * messages no longer come is left to that search. A batch that is in hand then, or that was written before the topic had more
 * partitions, may still be of such a network: what it touches is computed where it was handled.
 */
export function scheduleWindows(options: {
  readonly timeseries: Timeseries;
  readonly compute: (network: string, size: WindowSize, starts: readonly number[]) => Promise<void>;
  /** Whether messages of a network come to this process. */
  readonly owns: (network: string) => boolean;
  readonly log: Logger;
  readonly paceMs?: WindowPace | undefined;
  /** See `rawKeptFrom`: windows that begin before it are not searched for. */
  readonly keptFrom?: (() => number) | undefined;
}): WindowSchedule {
  const { timeseries, compute, owns, log, paceMs = defaultPaceMs, keptFrom = () => 0 } = options;
  const abort = new AbortController();
  const { signal } = abort;
  /** All that have had changes, as far as known here. */
  const networks = new Set<string>();
  const lines: Record<WindowSize, Map<string, Line>> = { minute: new Map(), hour: new Map(), day: new Map() };
  /** By what could not be done. */
  const troubles = new Map<string, string>();

  function begin(network: string, size: WindowSize, isOwn: boolean): Line {
    const searchAtMs = isOwn ? 0 : Number.POSITIVE_INFINITY;
    const line = { network, size, starts: new Set<number>(), isOwn, dueMs: 0, searchAtMs, searches: 0, isCut: false };
    lines[size].set(network, line);
    return line;
  }

  function end({ network, size }: Line): void {
    lines[size].delete(network);
    troubles.delete(nameOf(network, size));
  }

  /** Begins the lines of a network that is ours since, and ends those of one that no longer is. Whether it is ours since. */
  function lookWhose(network: string): boolean {
    const isOwn = owns(network);
    let isNew = false;
    for (const size of windowSizes) {
      const line = lines[size].get(network);
      if (isOwn && line?.isOwn !== true) {
        const fresh = begin(network, size, true);
        if (line !== undefined) note(fresh, line.starts);
        isNew = true;
      } else if (!isOwn && line?.isOwn === true) end(line);
    }
    return isNew;
  }

  function note(line: Line, starts: Iterable<number>): void {
    for (const start of starts) {
      if (line.starts.size < notedMax) line.starts.add(start);
      else if (!line.starts.has(start)) line.isCut = true;
    }
  }

  async function search(line: Line): Promise<void> {
    const fromMs = performance.now();
    const found = await findStaleWindows(timeseries, line.network, line.size, notedMax, keptFrom());
    line.isCut = found.length === notedMax;
    note(line, found);
    line.searches += 1;
    const restMs = restOf('search', fromMs);
    line.searchAtMs = performance.now() + (line.searches > 1 ? restMs : Math.min(restMs, searchAgainMs));
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
    while (!signal.aborted) {
      for (const line of [...lines[size].values()]) {
        if (signal.aborted) break;
        const isCurrent = (): boolean => lines[size].get(line.network) === line;
        if (line.dueMs > performance.now() || !isCurrent()) continue;
        const what = nameOf(line.network, size);
        if (!(await attempt(what, () => work(line)))) line.dueMs = performance.now() + backoffMs;
        if (!isCurrent()) troubles.delete(what);
        else if (!line.isOwn && line.starts.size === 0 && !line.isCut) end(line);
      }
      await rest(tickMs);
    }
  }

  /** Asks which networks there are, once for all sizes, and looks which of them are ours. */
  async function watch(): Promise<void> {
    let askAtMs = 0;
    while (!signal.aborted) {
      if (performance.now() >= askAtMs) {
        const isDone = await attempt('networks', async () => {
          for (const network of await readTouchedNetworks(timeseries)) networks.add(network);
        });
        askAtMs = performance.now() + (isDone ? paceMs.search : backoffMs);
      }
      const fresh = [...networks].filter(lookWhose);
      // Who had these may have had some that we have never heard of.
      if (fresh.length > 0) askAtMs = Math.min(askAtMs, performance.now() + backoffMs);
      await rest(lookMs);
    }
  }

  function rest(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal }).catch(() => undefined);
  }

  const running = [watch(), ...windowSizes.map(run)];
  return {
    touch: (network, minutes) => {
      networks.add(network);
      // First, as what was noted before may be another's by now, and this is not.
      lookWhose(network);
      for (const size of windowSizes)
        note(
          lines[size].get(network) ?? begin(network, size, false),
          new Set(minutes.map((at) => windowStart(size, at))),
        );
    },
    trouble: () => [...troubles.values()][0],
    stop: async () => {
      abort.abort();
      await Promise.all(running);
    },
  };
}

function nameOf(network: string, size: WindowSize): string {
  return `${size}s of ${network}`;
}
