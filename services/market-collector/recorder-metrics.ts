import type { Registry } from 'prom-client';
import { metrics as names } from '../../catalog/metrics.ts';
import { recordKinds } from '../datasets/market/record.ts';
import type { Written } from '../datasets/market/write.ts';
import { counterOf, histogramOf } from '../runtime/metrics.ts';
import { createQueueMetrics, type QueueMetrics } from './queue-metrics.ts';

/** Where the numbers of the records' way to their store go. */
export interface RecorderMetrics extends Omit<QueueMetrics, 'flushed'> {
  written(event: {
    readonly written: Written;
    readonly gaps: number;
    readonly tookMs: number;
    /** How long ago the oldest record of the batch came; undefined when it has none. */
    readonly oldestAgeMs: number | undefined;
  }): void;
  failed(source: 'postgresql' | 'disk', kind: string): void;
}

const durableBuckets = [0.1, 0.25, 0.5, 0.75, 1, 1.1, 1.25, 1.5, 2.5, 5, 10, 30, 60, 300];

export function createRecorderMetrics(registry: Registry): RecorderMetrics {
  const { flushed, ...queue } = createQueueMetrics(registry, 'records');
  const inserted = counterOf(registry, names.recordsInserted);
  const byKind = counterOf(registry, names.marketRowsByKind);
  const durable = histogramOf(registry, names.marketDurable, durableBuckets);
  const errors = counterOf(registry, names.collectorErrors);
  // An alert sees a counter rise only if it was there before.
  for (const kind of ['unavailable', 'refused']) errors.inc({ source: 'postgresql', kind }, 0);
  return {
    written: ({ written, gaps, tookMs, oldestAgeMs }) => {
      const kinds = recordKinds.map(() => 0);
      for (const [symbol, counts] of written.symbols) {
        let sum = 0;
        for (const [at, count] of counts.entries()) {
          sum += count;
          kinds[at] = (kinds[at] ?? 0) + count;
        }
        inserted.inc({ symbol }, sum);
      }
      for (const [at, kind] of recordKinds.entries()) byKind.inc({ kind }, kinds[at] ?? 0);
      byKind.inc({ kind: 'gap' }, gaps);
      flushed(tookMs);
      if (oldestAgeMs !== undefined) durable.observe({ queue: 'records' }, oldestAgeMs / 1000);
    },
    failed: (source, kind) => errors.inc({ source, kind }),
    ...queue,
  };
}
