import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { metrics as names } from '../../catalog/metrics.ts';
import type { Protocol } from '../../catalog/schema/protocol.ts';
import type { ChainEvent } from '../datasets/chain/changes.ts';
import { recomputeProtocolWindows } from '../datasets/chain/protocol-windows.ts';
import { markTouched } from '../datasets/chain/touched-minutes.ts';
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
  readonly protocols: () => readonly Protocol[];
  /** Whether messages of a network come to this process. */
  readonly owns: (network: string) => boolean;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly paceMs?: WindowPace | undefined;
}): ChainWindows {
  const { timeseries, protocols, owns, log, metrics, paceMs } = options;
  const watermarks = gaugeOf(metrics, names.chainWatermark);
  const lateChanges = counterOf(metrics, names.chainLateChanges);
  const windows = counterOf(metrics, names.chainWindows);
  const seconds = counterOf(metrics, names.chainWindowSeconds);
  const schedule = scheduleWindows({ timeseries, compute, owns, log, paceMs });

  async function compute(network: string, size: WindowSize, starts: readonly number[]): Promise<void> {
    const fromMs = performance.now();
    const plan = await planWindows(timeseries, network, size, starts);
    if (plan.starts.length === 0) return;
    // A network's own row goes in last: by it a window is known to be done.
    await recomputeProtocolWindows(timeseries, protocols(), plan);
    await recomputeWindows(timeseries, plan);
    windows.inc({ network, size }, plan.starts.length);
    seconds.inc({ network, size }, (performance.now() - fromMs) / 1000);
  }

  return {
    follow: async (events) => {
      for (const { network, starts, watermark, lateEvents } of await markTouched(timeseries, events)) {
        if (watermark > 0) watermarks.set({ network }, watermark);
        if (lateEvents > 0) lateChanges.inc({ network }, lateEvents);
        schedule.touch(network, starts);
      }
    },
    trouble: schedule.trouble,
    stop: schedule.stop,
  };
}
