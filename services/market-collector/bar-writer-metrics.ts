import type { Registry } from 'prom-client';
import { metrics as names } from '../../catalog/metrics.ts';
import { counterOf } from '../runtime/metrics.ts';
import { createQueueMetrics, type QueueMetrics } from './queue-metrics.ts';

/** Where the numbers of the bars' way to their store go. */
export interface BarWriterMetrics extends Omit<QueueMetrics, 'flushed'> {
  written(bars: number, minutes: number, durationMs: number): void;
  /** A batch could not be written this time. */
  failed(kind: 'unavailable' | 'refused'): void;
}

export function createBarWriterMetrics(registry: Registry): BarWriterMetrics {
  const { flushed, ...queue } = createQueueMetrics(registry, 'bars');
  const bars = counterOf(registry, names.marketBars);
  const errors = counterOf(registry, names.collectorErrors);
  // An alert sees a counter rise only if it was there before.
  for (const kind of ['unavailable', 'refused']) errors.inc({ source: 'clickhouse', kind }, 0);
  return {
    written: (count, minutes, durationMs) => {
      bars.inc({ interval: '1s' }, count);
      bars.inc({ interval: '1m' }, minutes);
      flushed(durationMs);
    },
    failed: (kind) => errors.inc({ source: 'clickhouse', kind }),
    ...queue,
  };
}
