import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { keyOfGap } from '../datasets/market/gaps.ts';
import type { Gap, MarketRecord } from '../datasets/market/record.ts';
import { type BookPlace, createBatchBuilder, type RecordBatch } from '../datasets/market/write-batch.ts';
import { describeError, RetryableError } from '../runtime/errors.ts';
import type { Started } from '../runtime/modules.ts';
import type { Relational } from '../stores/relational.ts';
import { readLeft } from './recorder-left.ts';
import { createLosses } from './recorder-losses.ts';
import { startMaintenance } from './recorder-maintenance.ts';
import { createRecorderMetrics } from './recorder-metrics.ts';
import { createRecordQueue } from './recorder-queue.ts';
import { createRefusedFile } from './recorder-refused.ts';
import { createBatchWriter } from './recorder-writer.ts';
import { openSpillQueue } from './spill-queue.ts';

/** Takes records as they come and sees that they are in PostgreSQL soon after, once each, in the order of each symbol. */
export interface Recorder {
  /** Never waits and never throws. */
  record(record: MarketRecord): void;
  /** Never waits and never throws. */
  gap(gap: Gap): void;
  /**
   * Nobody records this symbol any more: what lasts of its gaps is ended by its next records, should it be recorded again. To be
   * called after its last record.
   */
  forget(symbol: string): void;
  /** Resolves when all that was recorded before the call is in PostgreSQL, or on disk while it is away. */
  flush(): Promise<void>;
  /**
   * How far the books of the symbols are recorded, with what waits on disk: where an earlier process was when it ended. Call it
   * before anything of these symbols is recorded: gaps that were left open are closed by the next snapshot or checkpoint then.
   */
  loadLastRecorded(symbols: readonly string[]): Promise<Map<string, BookPlace>>;
  stats(): RecorderStats;
}

export interface RecorderStats {
  /** In memory: neither in PostgreSQL nor on disk. */
  readonly bufferedRows: number;
  readonly spillBatches: number;
  readonly spillBytes: number;
  /** Records go to disk, as PostgreSQL is away or behind. */
  readonly isSpilling: boolean;
  /** Records are lost, as memory and disk are full. */
  readonly isDropping: boolean;
}

export interface RecorderOptions {
  readonly relational: Relational;
  /** For what waits while PostgreSQL is away, and for what it refuses (`refused.ndjson`). Belongs to one recorder at a time. */
  readonly dir: string;
  /** So many records are written without waiting for the interval. COPY is near its best speed with 5,000. */
  readonly batchSize: number;
  /**
   * So many may wait in memory, half of them for PostgreSQL and half for the disk; twice as many while the disk is full or fails,
   * and more while it is no more than slow.
   */
  readonly bufferSize: number;
  /** The longest that a record waits to be written, and what a kill -9 loses. */
  readonly flushIntervalSeconds: number;
  /** Of disk. When it is full, and memory too, the newest records are dropped: what is kept has no hole. */
  readonly spillMB: number;
  readonly retentionDays: number;
  readonly log: Logger;
  readonly metrics: Registry;
  /**
   * Records of these symbols were lost: their books can be rebuilt again from the next checkpoint, so one of each should be
   * recorded soon. May be called from within `record`.
   */
  readonly wantCheckpoints?: (symbols: readonly string[]) => void;
  readonly clock?: () => number;
  /** How long `stop` waits for PostgreSQL before it leaves the rest on disk. */
  readonly stopTimeoutMs?: number;
  readonly writeTimeoutMs?: number;
}

/** A write that lasts for so many intervals tells that PostgreSQL is slow: what waits is safer on disk. */
const slowIntervals = 5;
const retryMs = { first: 100, most: 5_000 };
/** A batch of snapshots is written before its text gets too long to be handled at once. */
const batchLengthMax = 16 * 1024 * 1024;

/**
 * Starts with what an earlier process left on disk, and makes the partitions of these days.
 * Throws ConfigurationError when the folder cannot be used.
 */
export async function createRecorder(options: RecorderOptions): Promise<Required<Started<Recorder>>> {
  const { relational, batchSize, log, clock = Date.now, stopTimeoutMs = 5_000, writeTimeoutMs = 30_000 } = options;
  const slowMs = Math.max(1_000, slowIntervals * options.flushIntervalSeconds * 1000);
  const bytesMax = options.spillMB * 1024 * 1024;
  const metrics = createRecorderMetrics(options.metrics);
  const builder = createBatchBuilder();
  let isDropping = false;
  let isDamaged = false;
  let isStopped = false;
  let isClosing = false;
  /** That whoever records a symbol told of, by their names. */
  const openGaps = new Map<string, Gap>();
  let failures = 0;
  let isWriting = false;
  let flushTimer: NodeJS.Timeout | undefined;
  const stopped = new AbortController();

  const spill = openSpillQueue({
    folder: options.dir,
    bytesMax,
    onTrouble: (kind, detail) => {
      metrics.failed('disk', kind);
      if (kind === 'damaged') isDamaged = true;
      log.error({ kind, detail }, 'queue of records on disk is in trouble');
    },
  });
  const queue = createRecordQueue({ spill, bufferSize: options.bufferSize, log });
  const losses = createLosses({
    report: addGap,
    wantCheckpoints: (symbols) => options.wantCheckpoints?.(symbols),
    clock,
  });
  const writer = createBatchWriter({
    relational,
    refusedFile: createRefusedFile(path.join(options.dir, 'refused.ndjson'), clock),
    writeTimeoutMs,
    onRefused: (batch, reason) => {
      if (batch.rows > 0) losses.onRefused(batch, reason);
    },
    clock,
    metrics,
    log,
  });
  const left = await readLeft({ relational, spill, losses, takeDamage, log });
  const onSkew = (): void => metrics.failed('postgresql', 'clock');
  const maintenance = await startMaintenance({ relational, retentionDays: options.retentionDays, clock, onSkew, log });
  observe();

  // ---- in ----

  function record(each: MarketRecord): void {
    if (isStopped) {
      metrics.dropped(1);
      return;
    }
    if (losses.size > 0 && !isDropping) losses.onRecord(each);
    builder.add(each);
    if (builder.rows >= 2 * batchSize || builder.length >= batchLengthMax) closeBatch();
    else if (builder.rows >= batchSize) closeSoon();
    else flushLater();
  }

  /** A snapshot and the end of the gap that it closes are told at one go, and are to be seen together. */
  function closeSoon(): void {
    if (isClosing) return;
    isClosing = true;
    queueMicrotask(() => {
      isClosing = false;
      closeBatch();
    });
  }

  function gap(each: Gap): void {
    if (isStopped) return;
    if (each.closedAtMs === null) openGaps.set(keyOfGap(each), each);
    else openGaps.delete(keyOfGap(each));
    addGap(each);
  }

  function forget(symbol: string): void {
    for (const [key, each] of openGaps) {
      if (each.symbol !== symbol) continue;
      openGaps.delete(key);
      losses.adoptGap(each);
    }
  }

  function addGap(gap: Gap): void {
    builder.addGap(gap);
    if (!isStopped) flushLater();
  }

  function flushLater(): void {
    flushTimer ??= setTimeout(closeBatch, options.flushIntervalSeconds * 1000);
  }

  function closeBatch(): void {
    clearTimeout(flushTimer);
    flushTimer = undefined;
    if (builder.rows === 0 && builder.gaps === 0) return;
    const batch = builder.take();
    if (queue.push(batch)) {
      losses.onKept(batch);
      if (isDropping) {
        isDropping = false;
        log.warn({ symbols: losses.size }, 'records are kept again, those lost are on record as gaps');
        losses.askForCheckpoints();
      }
      void writeOn();
    } else drop(batch);
    observe();
  }

  function drop(batch: RecordBatch): void {
    if (!isDropping) log.error('records are lost: PostgreSQL is away or behind, and memory and disk are full');
    isDropping = true;
    metrics.dropped(batch.rows);
    losses.onDropped(batch);
    // They are few and small, and go with the next batch that is kept.
    for (const gap of batch.gaps) addGap(gap);
  }

  // ---- out ----

  /** Writes until nothing waits; one batch at a time, so that each symbol stays in order. */
  async function writeOn(): Promise<void> {
    if (isWriting) return;
    isWriting = true;
    while (!isStopped) {
      const head = await queue.head();
      if (takeDamage()) losses.onDamaged([]);
      if (head === undefined) break;
      if (await deliver(head.batch)) await head.done();
      observe();
    }
    isWriting = false;
    // One may have come while the queue was found empty.
    if (!isStopped && !queue.isEmpty) void writeOn();
  }

  async function deliver(batch: RecordBatch): Promise<boolean> {
    const slow = setTimeout(() => queue.toDisk('PostgreSQL is slow'), slowMs);
    try {
      await writer.write(batch);
    } catch (error) {
      failures += 1;
      const reason = describeError(error);
      metrics.failed('postgresql', error instanceof RetryableError ? 'unavailable' : 'refused');
      if (failures === 1) log.warn({ reason }, 'records cannot be written, they are tried again');
      queue.toDisk(reason);
      const waitMs = Math.min(retryMs.first * 2 ** (failures - 1), retryMs.most);
      await delay(waitMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      return false;
    } finally {
      clearTimeout(slow);
    }
    failures = 0;
    losses.onStored(batch);
    return true;
  }

  // ---- start and stop ----

  function takeDamage(): boolean {
    const was = isDamaged;
    isDamaged = false;
    return was;
  }

  async function flush(): Promise<void> {
    closeBatch();
    await queue.settled();
  }

  function observe(): void {
    metrics.observe({
      buffered: builder.rows + queue.rows,
      batches: spill.length,
      bytes: spill.bytes,
      bytesMax,
    });
  }

  async function stop(): Promise<void> {
    await within(stopTimeoutMs, flush());
    if (!queue.isOnDisk) await within(stopTimeoutMs, writer.addCounts());
    isStopped = true;
    stopped.abort();
    clearTimeout(flushTimer);
    maintenance.stop();
    const lost = await queue.close();
    if (lost > 0) {
      metrics.dropped(lost);
      log.error({ rows: lost }, 'records are lost at the end: neither PostgreSQL nor the disk took them');
    }
    observe();
  }

  void writeOn();
  return {
    part: {
      record,
      gap,
      forget,
      flush,
      loadLastRecorded: left.loadLastRecorded,
      stats: () => ({
        bufferedRows: builder.rows + queue.rows,
        spillBatches: spill.length,
        spillBytes: spill.bytes,
        isSpilling: queue.isOnDisk,
        isDropping,
      }),
    },
    stop,
    health: () => {
      if (isDropping) return { ok: false, detail: 'records are lost: memory and disk are full' };
      if (queue.isOnDisk)
        return { ok: false, detail: `${spill.length} batches of records wait on disk for PostgreSQL` };
      if (maintenance.trouble !== undefined) return { ok: false, detail: maintenance.trouble };
      return { ok: true };
    },
  };
}

/** Waits for the work, but no longer. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([work, delay(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
  timer.abort();
}
