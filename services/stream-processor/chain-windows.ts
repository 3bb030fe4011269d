import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { metrics as names } from '../../catalog/metrics.ts';
import type { Protocol } from '../../catalog/schema/protocol.ts';
import type { ChainEvent } from '../datasets/chain/changes.ts';
import { recomputeProtocolWindows } from '../datasets/chain/protocol-windows.ts';
import { planMinutes, planRollups, type WindowPlan } from '../datasets/chain/window-plan.ts';
import { recomputeWindows } from '../datasets/chain/windows.ts';
import { counterOf, gaugeOf } from '../runtime/metrics.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import { type RollupPace, startRollups } from './chain-rollups.ts';

/** Keeps the windows of networks and protocols as the raw tables are. */
export interface ChainWindows {
  /** Computes the minutes that these changes of one network touch; they must be in the raw tables. Hours and days follow. */
  follow(network: string, events: readonly ChainEvent[]): Promise<void>;
  /** Why hours and days are behind; undefined when they are not for a failure. */
  trouble(): string | undefined;
  stop(): Promise<void>;
}

export function startChainWindows(options: {
  readonly timeseries: Timeseries;
  readonly protocols: () => readonly Protocol[];
  readonly log: Logger;
  readonly metrics: Registry;
  readonly pace?: RollupPace | undefined;
}): ChainWindows {
  const { timeseries, protocols, log, metrics } = options;
  const watermarks = gaugeOf(metrics, names.chainWatermark);
  const lateChanges = counterOf(metrics, names.chainLateChanges);
  const windows = counterOf(metrics, names.chainWindows);
  const seconds = counterOf(metrics, names.chainWindowSeconds);

  const rollups = startRollups({
    timeseries,
    log,
    pace: options.pace,
    recompute: async (network, size, starts) => {
      const fromMs = performance.now();
      // Planned before the raw tables are read: what comes into them later has a higher version, and the window is behind again.
      await carryOut(await planRollups(timeseries, network, size, starts), fromMs);
    },
  });

  /** A network's own row goes in last: by it an hour or a day is known to be done. */
  async function carryOut(plan: WindowPlan, fromMs: number): Promise<void> {
    if (plan.starts.length === 0) return;
    await recomputeProtocolWindows(timeseries, protocols(), plan);
    await recomputeWindows(timeseries, plan);
    const { network, size } = plan;
    windows.inc({ network, size }, plan.starts.length);
    seconds.inc({ network, size }, (performance.now() - fromMs) / 1000);
  }

  return {
    follow: async (network, events) => {
      const fromMs = performance.now();
      const plan = await planMinutes(timeseries, network, events);
      await carryOut(plan, fromMs);
      if (plan.watermark > 0) watermarks.set({ network }, plan.watermark);
      if (plan.lateEvents > 0) lateChanges.inc({ network }, plan.lateEvents);
      rollups.touch(network, plan.starts);
    },
    trouble: rollups.trouble,
    stop: rollups.stop,
  };
}
