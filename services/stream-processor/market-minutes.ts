import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Bar } from '../datasets/market/bar.ts';
import { type Minutes, makeMinutes, minutesOf } from '../datasets/market/timeseries.ts';
import { describeError } from '../runtime/errors.ts';
import type { Timeseries } from '../stores/timeseries.ts';

/** Makes the minutes of bars anew soon after these are stored, and each once for all that came meanwhile. */
export interface MinuteMaker {
  /** Tells of seconds that are stored. */
  touch(bars: readonly Bar[]): void;
  /** Why minutes are not made; undefined while they are. */
  trouble(): string | undefined;
  /** Makes what is left, if the store lets it. */
  stop(): Promise<void>;
}

export interface MinuteMakerOptions {
  readonly timeseries: Timeseries;
  /** Told how many were made. */
  readonly onMade: (minutes: number) => void;
  readonly log: Logger;
  /** Between two times, at least. */
  readonly restMs?: number | undefined;
}

/** Minutes rest for so many times as long as the last ones took, as chains' do: a store that is busy has better things to do. */
const restShare = 10;
const restMsMax = 30_000;

/** More are left to the roll-up, which finds what is behind by itself. */
const minutesMax = 100_000;

/** What is touched is known in this process alone: what it leaves behind when it is killed is found by the roll-up too. */
export function createMinuteMaker(options: MinuteMakerOptions): MinuteMaker {
  const { timeseries, onMade, log, restMs = 2_000 } = options;
  const stopped = new AbortController();
  let touched = new Map<string, Set<number>>();
  let count = 0;
  let trouble: string | undefined;
  let running: Promise<void> | undefined;

  function add(minutes: Minutes): void {
    for (const [symbol, starts] of minutes) {
      const own = touched.get(symbol) ?? new Set();
      touched.set(symbol, own);
      const before = own.size;
      for (const start of starts) own.add(start);
      count += own.size - before;
    }
    // Forgotten.
    if (count > minutesMax) take();
  }

  function take(): Minutes {
    const taken = touched;
    touched = new Map();
    count = 0;
    return taken;
  }

  async function make(): Promise<void> {
    const minutes = take();
    try {
      onMade(await makeMinutes(timeseries, minutes));
      if (trouble !== undefined) log.info('minutes of bars are made again');
      trouble = undefined;
    } catch (error) {
      add(minutes);
      const reason = describeError(error);
      if (reason !== trouble) log.warn({ reason }, 'minutes of bars could not be made, trying again');
      trouble = reason;
    }
  }

  async function run(): Promise<void> {
    while (count > 0 && !stopped.signal.aborted) {
      const fromMs = performance.now();
      await make();
      const tookMs = performance.now() - fromMs;
      const pauseMs = Math.max(restMs, Math.min(restShare * tookMs, restMsMax));
      await sleep(pauseMs, undefined, { signal: stopped.signal }).catch(() => {});
    }
    running = undefined;
  }

  return {
    touch: (bars) => {
      add(minutesOf(bars));
      if (!stopped.signal.aborted) running ??= run();
    },
    trouble: () => trouble,
    stop: async () => {
      stopped.abort();
      await running;
      // Of a store that did not let it a moment ago nobody waits for the answer: the next process finds what is left.
      if (count > 0 && trouble === undefined) await make();
    },
  };
}
