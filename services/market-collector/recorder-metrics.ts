import type { Registry } from 'prom-client';
import { metrics as names } from '../../catalog/metrics.ts';
import { recordKinds } from '../datasets/market/record.ts';
import type { Written } from '../datasets/market/write.ts';
import { counterOf, gaugeOf, histogramOf } from '../runtime/metrics.ts';

/** Where the numbers of the records' way to their store go. */
export interface RecorderMetrics {
  written(event: {
    readonly written: Written;
    readonly gaps: number;
    readonly tookMs: number;
    /** How long ago the oldest record of the batch came; undefined when it has none. */
    readonly oldestAgeMs: number | undefined;
  }): void;
  failed(source: 'postgresql' | 'disk', kind: string): void;
  dropped(rows: number): void;
  refused(): void;
  observe(state: { buffered: number; batches: number; bytes: number; bytesMax: number }): void;
}

const flushBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const durableBuckets = [0.1, 0.25, 0.5, 0.75, 1, 1.1, 1.25, 1.5, 2.5, 5, 10, 30, 60, 300];

export function createRecorderMetrics(registry: Registry): RecorderMetrics {
  const queue = { queue: 'records' };
  const inserted = counterOf(registry, names.recordsInserted);
  const byKind = counterOf(registry, names.marketRowsByKind);
  const flush = histogramOf(registry, names.marketFlush, flushBuckets);
  const durable = histogramOf(registry, names.marketDurable, durableBuckets);
  const errors = counterOf(registry, names.collectorErrors);
  const dropped = counterOf(registry, names.marketDroppedRows);
  const refused = counterOf(registry, names.marketDeadLetters);
  const buffered = gaugeOf(registry, names.marketBufferedRows);
  const spillBatches = gaugeOf(registry, names.marketSpillBatches);
  const spillBytes = gaugeOf(registry, names.marketSpillBytes);
  const spillLimit = gaugeOf(registry, names.marketSpillLimit);
  // An alert sees a counter rise only if it was there before.
  dropped.inc(queue, 0);
  refused.inc(queue, 0);
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
      flush.observe(queue, tookMs / 1000);
      if (oldestAgeMs !== undefined) durable.observe(queue, oldestAgeMs / 1000);
    },
    failed: (source, kind) => errors.inc({ source, kind }),
    dropped: (rows) => dropped.inc(queue, rows),
    refused: () => refused.inc(queue),
    observe: (state) => {
      buffered.set(queue, state.buffered);
      spillBatches.set(queue, state.batches);
      spillBytes.set(queue, state.bytes);
      spillLimit.set(queue, state.bytesMax);
    },
  };
}
