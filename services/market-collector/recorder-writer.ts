import type { Logger } from 'pino';
import { addCounts, type Written, writeRecords } from '../datasets/market/write.ts';
import { halveBatch, type RecordBatch } from '../datasets/market/write-batch.ts';
import { describeError } from '../runtime/errors.ts';
import type { Relational } from '../stores/relational.ts';
import type { RecorderMetrics } from './recorder-metrics.ts';
import { isRefusal, type RefusedFile, reasonOf } from './recorder-refused.ts';

/** Brings batches to PostgreSQL, each as often as it takes. */
export interface BatchWriter {
  /**
   * Writes a batch but for what PostgreSQL refuses for good, which goes to the file of the refused. Throws when it is to be written
   * again: part of it may be written then, which changes nothing.
   */
  write(batch: RecordBatch): Promise<void>;
  /** Adds what was written since the last time to the counts by hour. Never rejects. */
  addCounts(): Promise<void>;
}

const countEveryMs = 60_000;

export function createBatchWriter(options: {
  readonly relational: Relational;
  readonly refusedFile: RefusedFile;
  /** A write that takes longer is given up: its connection may be dead without a word. */
  readonly writeTimeoutMs: number;
  /** A batch of one row, or of one gap, was refused. */
  readonly onRefused: (batch: RecordBatch, reason: string) => void;
  readonly clock: () => number;
  readonly metrics: RecorderMetrics;
  readonly log: Logger;
}): BatchWriter {
  const { relational, clock, metrics, log } = options;
  /** Until a write has succeeded, it is not known what the one before it did. */
  let expectDuplicates = false;
  let counts = new Map<string, number[]>();
  let countedAtMs = clock();

  async function writeOnce(batch: RecordBatch): Promise<void> {
    const fromMs = performance.now();
    const written = await writeRecords(relational, batch, { expectDuplicates, timeoutMs: options.writeTimeoutMs });
    expectDuplicates = written.duplicates > 0;
    const oldestAgeMs = batch.receivedAtMs === undefined ? undefined : clock() - batch.receivedAtMs;
    metrics.written({ written, gaps: batch.gaps.length, tookMs: performance.now() - fromMs, oldestAgeMs });
    countUp(written);
  }

  async function writeOrHalve(batch: RecordBatch): Promise<void> {
    try {
      await writeOnce(batch);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const halves = halveBatch(batch);
      if (halves === undefined) return refuse(batch, error);
      for (const half of halves) await writeOrHalve(half);
    }
  }

  async function refuse(batch: RecordBatch, error: unknown): Promise<void> {
    const reason = reasonOf(error);
    const what = batch.rows > 0 ? batch.copyText : batch.gaps[0];
    const isKept = await options.refusedFile.put({ reason, what });
    log.error({ reason, isKept, what: JSON.stringify(what).slice(0, 500) }, 'a record is refused by PostgreSQL');
    metrics.refused();
    options.onRefused(batch, reason);
  }

  function countUp(written: Written): void {
    for (const [symbol, added] of written.symbols) {
      const sum = counts.get(symbol);
      counts.set(symbol, sum === undefined ? [...added] : sum.map((count, at) => count + (added[at] ?? 0)));
    }
  }

  async function addCountsNow(): Promise<void> {
    const added = counts;
    counts = new Map();
    countedAtMs = clock();
    // They are for people's eyes: to fail here must not keep a record from being written.
    await addCounts(relational, countedAtMs, added, { timeoutMs: options.writeTimeoutMs }).catch((error: unknown) => {
      log.warn({ reason: describeError(error) }, 'counts of records were not added');
    });
  }

  return {
    write: async (batch) => {
      try {
        await writeOrHalve(batch);
      } catch (error) {
        expectDuplicates = true;
        throw error;
      }
      if (clock() - countedAtMs >= countEveryMs) await addCountsNow();
    },
    addCounts: addCountsNow,
  };
}
