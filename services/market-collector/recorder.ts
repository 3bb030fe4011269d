import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { parseRow } from '../datasets/market/copy-rows.ts';
import { readOpenGaps } from '../datasets/market/gaps.ts';
import { loadLastRecorded } from '../datasets/market/read.ts';
import type { Gap, MarketRecord, RecordKind } from '../datasets/market/record.ts';
import {
  type BookPlace,
  createBatchBuilder,
  decodeBatch,
  isOfBook,
  type RecordBatch,
} from '../datasets/market/write-batch.ts';
import { describeError, RetryableError } from '../runtime/errors.ts';
import type { Started } from '../runtime/modules.ts';
import type { Relational } from '../stores/relational.ts';
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
  /** So many may wait in memory; then they wait on disk. Twice as many stay in memory while the disk is slow or full. */
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

const retryMs = { first: 100, most: 5_000 };
/** A batch of snapshots is written before its text gets too long to be handled at once. */
const batchLengthMax = 16 * 1024 * 1024;

/**
 * Starts with what an earlier process left on disk, and makes the partitions of these days.
 * Throws ConfigurationError when the folder cannot be used.
 */
export async function createRecorder(options: RecorderOptions): Promise<Required<Started<Recorder>>> {
  const { relational, batchSize, log, clock = Date.now, stopTimeoutMs = 5_000, writeTimeoutMs = 30_000 } = options;
  const bytesMax = options.spillMB * 1024 * 1024;
  const metrics = createRecorderMetrics(options.metrics);
  const builder = createBatchBuilder();
  /** The last update of each symbol that is kept, wherever; and that PostgreSQL has. */
  const kept = new Map<string, BookPlace>();
  const stored = new Map<string, BookPlace>();
  /** Symbols whose open gaps of an earlier process are taken over. */
  const seen = new Set<string>();
  let isDropping = false;
  let isDamaged = false;
  let isStopped = false;
  let failures = 0;
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
  const losses = createLosses(addGap, clock);
  const writer = createBatchWriter({
    relational,
    refusedFile: createRefusedFile(path.join(options.dir, 'refused.ndjson'), clock),
    writeTimeoutMs,
    onRefused,
    clock,
    metrics,
    log,
  });
  const left = await readLeft();
  const maintenance = await startMaintenance({ relational, retentionDays: options.retentionDays, clock, log });
  observe();

  // ---- in ----

  let flushTimer: NodeJS.Timeout | undefined;

  function record(each: MarketRecord): void {
    if (isStopped) {
      metrics.dropped(1);
      return;
    }
    if (losses.size > 0 && !isDropping && (each.kind === 'snapshot' || each.kind === 'checkpoint')) losses.onBook(each);
    builder.add(each);
    if (builder.rows >= batchSize || builder.length >= batchLengthMax) closeBatch();
    else flushLater();
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
      for (const [symbol, { last }] of batch.symbols) if (last !== undefined) kept.set(symbol, last);
      if (isDropping) {
        isDropping = false;
        log.warn({ symbols: losses.size }, 'records are kept again, those lost are on record as gaps');
        options.wantCheckpoints?.(losses.symbols);
      }
      void writeOn();
    } else drop(batch);
    observe();
  }

  function drop(batch: RecordBatch): void {
    if (!isDropping) log.error('records are lost: PostgreSQL is away or behind, and memory and disk are full');
    isDropping = true;
    metrics.dropped(batch.rows);
    for (const [symbol, { counts }] of batch.symbols) {
      losses.add(symbol, {
        reason: 'spill',
        fromUpdateId: kept.get(symbol)?.updateId ?? 0,
        openedAtMs: batch.receivedAtMs ?? clock(),
        rows: counts.reduce((sum, count) => sum + count, 0),
        detail: 'memory and disk were full while PostgreSQL was away or behind',
      });
    }
    // They are few and small, and go with the next batch that is kept.
    for (const gap of batch.gaps) addGap(gap);
  }

  // ---- out ----

  let isWriting = false;

  /** Writes until nothing waits; one batch at a time, so that each symbol stays in order. */
  async function writeOn(): Promise<void> {
    if (isWriting) return;
    isWriting = true;
    while (!isStopped) {
      const head = await queue.head();
      if (isDamaged) onDamaged([...kept.keys()]);
      if (head === undefined) break;
      if (await deliver(head.batch)) await head.done();
      observe();
    }
    isWriting = false;
    // One may have come while the queue was found empty.
    if (!isStopped && !queue.isEmpty) void writeOn();
  }

  async function deliver(batch: RecordBatch): Promise<boolean> {
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
    }
    failures = 0;
    for (const [symbol, { last }] of batch.symbols) if (last !== undefined) stored.set(symbol, last);
    return true;
  }

  function onRefused(batch: RecordBatch, reason: string): void {
    if (batch.rows === 0) return;
    const { symbol, kind, updateId, receivedAtMs } = parseRow(batch.copyText);
    // Trades and tickers stand alone; without an update of the book it cannot be rebuilt.
    if (!isOfBook(kind as RecordKind)) return;
    const openedAtMs = Number.isNaN(receivedAtMs) ? clock() : receivedAtMs;
    const fromUpdateId = Math.max(0, updateId - 1) || 0;
    losses.add(symbol, { reason: 'garbage', fromUpdateId, openedAtMs, rows: 1, detail: reason });
    options.wantCheckpoints?.([symbol]);
  }

  /** Nobody knows whose records were in a batch that cannot be read: they may have been everybody's. */
  function onDamaged(symbols: readonly string[]): void {
    isDamaged = false;
    for (const symbol of symbols) {
      const last = stored.get(symbol);
      losses.add(symbol, {
        reason: 'spill',
        fromUpdateId: last?.updateId ?? 0,
        openedAtMs: last?.eventTimeMs ?? clock(),
        rows: 0,
        detail: 'a batch on disk was damaged, which may have held records of this symbol',
      });
    }
    options.wantCheckpoints?.(symbols);
  }

  // ---- start and stop ----

  /** What an earlier process left on disk: its last updates (which go to `kept`), and its gaps. */
  async function readLeft(): Promise<{ gaps: ReadonlyMap<string, Gap>; wasDamaged: boolean }> {
    const gaps = new Map<string, Gap>();
    for await (const bytes of spill.batches()) {
      const batch = decodeBatch(bytes);
      for (const [symbol, { last }] of batch.symbols) if (last !== undefined) kept.set(symbol, last);
      for (const gap of batch.gaps) gaps.set(keyOf(gap), gap);
    }
    if (spill.length > 0) log.info({ batches: spill.length }, 'records of an earlier run wait on disk');
    const wasDamaged = isDamaged;
    isDamaged = false;
    return { gaps, wasDamaged };
  }

  async function loadPlaces(symbols: readonly string[]): Promise<Map<string, BookPlace>> {
    const places = new Map(await loadLastRecorded(relational, symbols));
    const openGaps = await readOpenGaps(relational);
    // Of a symbol that was asked for before, open gaps are this run's own.
    const unseen = new Set(symbols.filter((symbol) => !seen.has(symbol)));
    for (const symbol of unseen) {
      seen.add(symbol);
      const place = places.get(symbol);
      if (place !== undefined && !stored.has(symbol)) stored.set(symbol, place);
    }
    const gaps = new Map(openGaps.map((gap) => [keyOf(gap), gap]));
    for (const [key, gap] of left.gaps) gaps.set(key, gap);
    for (const gap of gaps.values()) if (gap.closedAtMs === null && unseen.has(gap.symbol)) losses.adopt(gap);
    if (left.wasDamaged) onDamaged([...unseen]);
    for (const symbol of symbols) {
      const place = kept.get(symbol);
      if (place !== undefined && place.updateId > (places.get(symbol)?.updateId ?? 0)) places.set(symbol, place);
    }
    return places;
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
      gap: (gap) => {
        if (!isStopped) addGap(gap);
      },
      flush,
      loadLastRecorded: loadPlaces,
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
      return { ok: true };
    },
  };
}

function keyOf(gap: Gap): string {
  return JSON.stringify([gap.symbol, gap.openedAtMs, gap.fromUpdateId]);
}

/** Waits for the work, but no longer. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  await Promise.race([work, delay(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
  timer.abort();
}
