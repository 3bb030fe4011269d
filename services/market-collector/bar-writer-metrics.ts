import type { Registry } from 'prom-client';
import { metrics as names } from '../../catalog/metrics.ts';
import { counterOf } from '../runtime/metrics.ts';
import { createQueueMetrics, type QueueMetrics } from './queue-metrics.ts';

/** Where the numbers of the bars' way to the bus go. */
export interface BarWriterMetrics extends Omit<QueueMetrics, 'flushed'> {
  published(bars: number, durationMs: number): void;
  /** A batch could not be published this time. */
  failed(kind: 'unavailable' | 'refused'): void;
}

export function createBarWriterMetrics(registry: Registry): BarWriterMetrics {
  const { flushed, ...queue } = createQueueMetrics(registry, 'bars');
  const bars = counterOf(registry, names.marketBarsPublished);
  const errors = counterOf(registry, names.collectorErrors);
  // An alert sees a counter rise only if it was there before.
  for (const kind of ['unavailable', 'refused']) errors.inc({ source: 'bus', kind }, 0);
  return {
    published: (count, durationMs) => {
      bars.inc(count);
      flushed(durationMs);
    },
    failed: (kind) => errors.inc({ source: 'bus', kind }),
    ...queue,
  };
}
