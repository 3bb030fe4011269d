import type { Registry } from 'prom-client';
import { metrics as names } from '../../catalog/metrics.ts';
import { counterOf, gaugeOf, histogramOf } from '../runtime/metrics.ts';

/** Where the numbers of the bars' way to their store go. */
export interface BarWriterMetrics {
  written(bars: number, minutes: number, durationMs: number): void;
  /** A batch could not be written this time. */
  failed(kind: 'unavailable' | 'refused'): void;
  dropped(bars: number): void;
  refused(): void;
  observe(state: { buffered: number; batches: number; bytes: number; bytesMax: number }): void;
}

const flushBuckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createBarWriterMetrics(registry: Registry): BarWriterMetrics {
  const queue = { queue: 'bars' };
  const bars = counterOf(registry, names.marketBars);
  const flush = histogramOf(registry, names.marketFlush, flushBuckets);
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
  for (const kind of ['unavailable', 'refused']) errors.inc({ source: 'clickhouse', kind }, 0);
  return {
    written: (count, minutes, durationMs) => {
      bars.inc({ interval: '1s' }, count);
      bars.inc({ interval: '1m' }, minutes);
      flush.observe(queue, durationMs / 1000);
    },
    failed: (kind) => errors.inc({ source: 'clickhouse', kind }),
    dropped: (count) => dropped.inc(queue, count),
    refused: () => refused.inc(queue),
    observe: (state) => {
      buffered.set(queue, state.buffered);
      spillBatches.set(queue, state.batches);
      spillBytes.set(queue, state.bytes);
      spillLimit.set(queue, state.bytesMax);
    },
  };
}
