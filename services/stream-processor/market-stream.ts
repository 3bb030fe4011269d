import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { groupOf } from '../../catalog/consumer-group.ts';
import { metrics as names } from '../../catalog/metrics.ts';
import type { Bar } from '../datasets/market/bar.ts';
import { barsTopic, parseBar } from '../datasets/market/bar-message.ts';
import { counterOf, gaugeOf } from '../runtime/metrics.ts';
import type { Started } from '../runtime/modules.ts';
import type { Bus } from '../stores/bus.ts';
import { consume } from '../stores/consume.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import { isRefusedContent } from '../stores/timeseries-errors.ts';
import { createMinuteMaker } from './market-minutes.ts';
import { startRollUp } from './market-roll-up.ts';
import { createBarSink } from './market-sink.ts';
import { createWatermarks } from './market-watermark.ts';

export interface MarketStreamDeps {
  readonly bus: Bus;
  /** May be away: bars wait for it where they come from, and all else goes on. */
  readonly timeseries: Timeseries;
  readonly log: Logger;
  readonly metrics: Registry;
  /** How often hours and days are made: every minute unless given. */
  readonly rollUpMs?: number;
  /** How long minutes rest after they were made: two seconds unless given. */
  readonly minutesRestMs?: number;
}

/**
 * Takes bars from the bus into the timeseries store; the bus is acknowledged once the store has them. Their minutes follow within
 * seconds, hours and days within a minute, also those of a process that was killed before it made them.
 */
export async function createMarketStream(deps: MarketStreamDeps): Promise<Required<Started<undefined>>> {
  const { bus, timeseries, log, metrics, rollUpMs, minutesRestMs } = deps;
  const stored = counterOf(metrics, names.marketBars);
  const late = counterOf(metrics, names.marketBarsLate);
  const watermark = gaugeOf(metrics, names.marketWatermark);
  const rolledUp = gaugeOf(metrics, names.marketRolledUp);
  const watermarks = createWatermarks();

  const minutes = createMinuteMaker({
    timeseries,
    onMade: (count) => stored.inc({ interval: '1m' }, count),
    log,
    restMs: minutesRestMs,
  });

  function onStored(bars: readonly Bar[]): void {
    minutes.touch(bars);
    stored.inc({ interval: '1s' }, bars.length);
    for (const [symbol, count] of watermarks.advance(bars)) late.inc({ symbol }, count);
    for (const [symbol, timeMs] of watermarks.newest()) watermark.set({ symbol }, timeMs / 1000);
  }

  const sink = createBarSink({ timeseries, onStored });
  const rollUp = startRollUp({
    timeseries,
    onRolledUp: (checkedTo) => rolledUp.set(checkedTo),
    log,
    intervalMs: rollUpMs,
  });
  const unsubscribe = await consume(bus, {
    topic: barsTopic,
    group: groupOf('stream-processor', barsTopic),
    parse: parseBar,
    handle: ({ messages, id }) =>
      sink.write(
        messages.map(({ value }) => value),
        id,
      ),
    isRefused: isRefusedContent,
    log,
    metrics,
  });

  return {
    part: undefined,
    stop: async () => {
      await unsubscribe();
      await minutes.stop();
      await rollUp.stop();
    },
    // Nobody's work but its own waits for it: the store says itself that it is away.
    health: () => {
      const trouble = minutes.trouble() ?? rollUp.trouble();
      return trouble === undefined ? { ok: true } : { ok: true, detail: `longer bars are behind: ${trouble}` };
    },
  };
}
