import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { metrics as names } from '../../catalog/metrics.ts';
import type { Protocol } from '../../catalog/schema/protocol.ts';
import type { ChainEvent } from '../datasets/chain/changes.ts';
import { recomputeProtocolWindows } from '../datasets/chain/protocol-windows.ts';
import { markTouched, type TouchedMinutes } from '../datasets/chain/touched-minutes.ts';
import { planWindows } from '../datasets/chain/window-plan.ts';
import type { WindowSize } from '../datasets/chain/window-size.ts';
import { recomputeWindows } from '../datasets/chain/windows.ts';
import { counterOf, gaugeOf } from '../runtime/metrics.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import { scheduleWindows, type WindowPace } from './chain-schedule.ts';

/** Keeps the windows of networks and protocols as the raw tables are. */
export interface ChainWindows {
  /** Marks what these changes touch, for good; they must be in the raw tables. The windows follow. */
  follow(events: readonly ChainEvent[]): Promise<void>;
  /** Why windows are behind; undefined when they are not for a failure. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

export function startChainWindows(options: {
  readonly timeseries: Timeseries;
  /** The same store for what can wait, as windows can; without it, they take turns with all else. */
  readonly timeseriesLater?: Timeseries | undefined;
  readonly protocols: () => readonly Protocol[];
  /** Whether messages of a network come to this process. */
  readonly owns: (network: string) => boolean;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly paceMs?: WindowPace | undefined;
  /** See `rawKeptFrom`; without it, all raw rows are there. */
  readonly keptFrom?: (() => number) | undefined;
  /** Told of what changes touched, once that is marked. */
  readonly onTouched?: ((touched: readonly TouchedMinutes[]) => void) | undefined;
}): ChainWindows {
  const { timeseries, protocols, owns, log, metrics, paceMs, keptFrom = () => 0, onTouched } = options;
  const { timeseriesLater = timeseries } = options;
  const watermarks = gaugeOf(metrics, names.chainWatermark);
  const lateChanges = counterOf(metrics, names.chainLateChanges);
  const windows = counterOf(metrics, names.chainWindows);
  const seconds = counterOf(metrics, names.chainWindowSeconds);
  const minutesTooOld = counterOf(metrics, names.chainMinutesTooOld);
  const toldOf = new Set<string>();
  const schedule = scheduleWindows({ timeseries: timeseriesLater, compute, owns, log, paceMs, keptFrom });

  async function compute(network: string, size: WindowSize, starts: readonly number[]): Promise<void> {
    const fromMs = performance.now();
    const plan = await planWindows(timeseriesLater, network, size, starts, keptFrom());
    if (plan.starts.length === 0) return;
    // A network's own row goes in last: by it a window is known to be done.
    await recomputeProtocolWindows(timeseriesLater, protocols(), plan);
    await recomputeWindows(timeseriesLater, plan);
    windows.inc({ network, size }, plan.starts.length);
    seconds.inc({ network, size }, (performance.now() - fromMs) / 1000);
  }

  function tellOfOld(network: string, minutes: number): void {
    minutesTooOld.inc({ network }, minutes);
    if (toldOf.has(network)) return;
    toldOf.add(network);
    const keptSince = new Date(keptFrom() * 1000).toISOString();
    log.warn(
      { network, minutes, keptSince },
      'changes are older than raw rows are kept: windows of that time stay as they are',
    );
  }

  return {
    follow: async (events) => {
      const touched = await markTouched(timeseries, events, keptFrom());
      for (const { network, starts, watermark, lateEvents, tooOld } of touched) {
        if (watermark > 0) watermarks.set({ network }, watermark);
        if (lateEvents > 0) lateChanges.inc({ network }, lateEvents);
        if (tooOld > 0) tellOfOld(network, tooOld);
        schedule.touch(network, starts);
      }
      onTouched?.(touched);
    },
    trouble: schedule.trouble,
    stop: schedule.stop,
  };
}
