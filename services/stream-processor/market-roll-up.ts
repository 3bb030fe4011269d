import type { Logger } from 'pino';
import { rollUpBars } from '../datasets/market/bar-roll-up.ts';
import { describeError } from '../runtime/errors.ts';
import type { Timeseries } from '../stores/timeseries.ts';

export interface RollUpOptions {
  readonly timeseries: Timeseries;
  /** Told up to when all that was stored is in hours and days: Unix seconds. */
  readonly onRolledUp: (checkedTo: number) => void;
  readonly log: Logger;
  readonly intervalMs?: number | undefined;
}

/** Makes what is behind its finer bars anew, at once and then every minute. A store that is away is waited for. */
export function startRollUp(options: RollUpOptions): { stop(): Promise<void>; trouble(): string | undefined } {
  const { timeseries, onRolledUp, log, intervalMs = 60_000 } = options;
  const abort = new AbortController();
  let trouble: string | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    try {
      onRolledUp(await rollUpBars(timeseries, abort.signal));
      if (trouble !== undefined) log.info('hours and days are made again');
      trouble = undefined;
    } catch (error) {
      if (abort.signal.aborted) return;
      const reason = describeError(error);
      if (reason !== trouble) log.warn({ reason }, 'hours and days of bars could not be made, trying again');
      trouble = reason;
    }
  }

  async function runAndWait(): Promise<void> {
    await run();
    if (!abort.signal.aborted) timer = setTimeout(() => (running = runAndWait()), intervalMs);
  }

  let running = runAndWait();
  return {
    stop: async () => {
      abort.abort(new Error('stopped'));
      clearTimeout(timer);
      await running;
    },
    trouble: () => trouble,
  };
}
