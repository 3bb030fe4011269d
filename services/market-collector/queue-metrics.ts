import type { Registry } from 'prom-client';
import { metrics as names } from '../../catalog/metrics.ts';
import { counterOf, gaugeOf, histogramOf } from '../runtime/metrics.ts';

/** The numbers that every way of rows to a store has: memory first, then disk, and what is lost or refused. */
export interface QueueMetrics {
  flushed(durationMs: number): void;
  dropped(rows: number): void;
  /** A batch was put aside for what is in it. */
  refused(): void;
  /** What is told by its last value. */
  observe(state: { buffered: number; batches: number; bytes: number; bytesMax: number }): void;
}

/** Seconds. */
const flushBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createQueueMetrics(registry: Registry, queue: 'records' | 'bars'): QueueMetrics {
  const flush = histogramOf(registry, names.marketFlush, flushBuckets).labels({ queue });
  const dropped = counterOf(registry, names.marketDroppedRows).labels({ queue });
  const refused = counterOf(registry, names.marketDeadLetters).labels({ queue });
  const buffered = gaugeOf(registry, names.marketBufferedRows).labels({ queue });
  const spillBatches = gaugeOf(registry, names.marketSpillBatches).labels({ queue });
  const spillBytes = gaugeOf(registry, names.marketSpillBytes).labels({ queue });
  const spillLimit = gaugeOf(registry, names.marketSpillLimit).labels({ queue });
  // An alert sees a counter rise only if it was there before.
  dropped.inc(0);
  refused.inc(0);
  return {
    flushed: (durationMs) => flush.observe(durationMs / 1000),
    dropped: (rows) => dropped.inc(rows),
    refused: () => refused.inc(),
    observe: (state) => {
      buffered.set(state.buffered);
      spillBatches.set(state.batches);
      spillBytes.set(state.bytes);
      spillLimit.set(state.bytesMax);
    },
  };
}
