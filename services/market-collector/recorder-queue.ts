import type { Logger } from 'pino';
import { decodeBatch, encodeBatch, mergeBatches, type RecordBatch } from '../datasets/market/write-batch.ts';
import { describeError } from '../runtime/errors.ts';
import type { SpillQueue } from './spill-queue.ts';

/**
 * Batches on their way to the database, first in first out: in memory, and on disk while the database is away or behind. What is
 * in memory is always newer than what is on disk.
 */
export interface RecordQueue {
  /** False when there is no room for the batch: it was not taken. */
  push(batch: RecordBatch): boolean;
  /** The oldest batch; undefined when there is none. */
  head(): Promise<Head | undefined>;
  /** The database does not take batches: those in memory and all that come go to disk, until the queue is empty again. */
  toDisk(reason: string): void;
  /** Resolves when the batches of now have left memory, for the database or for the disk. */
  settled(): Promise<void>;
  /** Moves what is in memory to disk for the next run; how many rows could not be. Nothing may be pushed after it. */
  close(): Promise<number>;
  readonly rows: number;
  readonly isEmpty: boolean;
  readonly isOnDisk: boolean;
}

export interface Head {
  readonly batch: RecordBatch;
  /** The database has it. */
  done(): Promise<void>;
}

const diskRetryMs = 1_000;
const fileLengthMax = 8 * 1024 * 1024;
/** Characters, mostly a byte each. A disk that is slow is no reason to lose records before they take much of the memory. */
const memoryLengthMax = 64 * 1024 * 1024;

export function createRecordQueue(options: {
  readonly spill: SpillQueue;
  /** Half as many rows are in memory before they go to disk, and twice as many while it is full or fails. */
  readonly bufferSize: number;
  readonly log: Logger;
}): RecordQueue {
  const { spill, bufferSize, log } = options;
  const pending: RecordBatch[] = [];
  let rows = 0;
  let length = 0;
  let isDiskRefusing = false;
  let isOnDisk = spill.length > 0;
  let isFull = false;
  let isClosed = false;
  let appending: Promise<boolean> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let waiters: { readonly batch: RecordBatch; readonly resolve: () => void }[] = [];

  function toDisk(reason: string): void {
    if (isOnDisk || isClosed) return;
    isOnDisk = true;
    log.warn({ reason, rows }, 'records wait on disk until PostgreSQL takes them');
    void spillPending();
  }

  /** Moves what waits in memory to disk, oldest first, the batch that is being written included. */
  async function spillPending(): Promise<void> {
    if (appending !== undefined) return;
    clearTimeout(timer);
    while (isOnDisk) {
      const batches = firstPending();
      if (batches.length === 0) return;
      appending = spill.append(encodeBatch(mergeBatches(batches)));
      const isKept = await appending;
      appending = undefined;
      isDiskRefusing = !isKept;
      if (isKept) {
        for (const batch of batches) settle(batch);
        continue;
      }
      if (!isClosed) timer = setTimeout(() => void spillPending(), diskRetryMs);
      return;
    }
  }

  /** What goes to disk at once: the slower the disk, the more has come meanwhile. */
  function firstPending(): RecordBatch[] {
    let count = 0;
    for (let fileLength = 0; count < pending.length; count++) {
      fileLength += pending[count]?.copyText.length ?? 0;
      if (count > 0 && fileLength > fileLengthMax) break;
    }
    return pending.slice(0, count);
  }

  function settle(batch: RecordBatch): void {
    if (pending[0] !== batch) return;
    pending.shift();
    rows -= batch.rows;
    length -= batch.copyText.length;
    for (const waiter of waiters) if (waiter.batch === batch) waiter.resolve();
    waiters = waiters.filter((waiter) => waiter.batch !== batch);
  }

  async function headOnDisk(): Promise<Head | undefined> {
    for (let bytes = await spill.peek(); bytes !== undefined; bytes = await spill.peek()) {
      let batch: RecordBatch;
      try {
        batch = decodeBatch(bytes);
      } catch (error) {
        await spill.putAside(`not a batch of this version: ${describeError(error)}`);
        continue;
      }
      const done = async (): Promise<void> => {
        await spill.drop();
        // There is room again.
        if (pending.length > 0) void spillPending();
      };
      return { batch, done };
    }
    return undefined;
  }

  function headInMemory(): Head | undefined {
    const batch = pending[0];
    if (batch === undefined) {
      if (isOnDisk) log.info('PostgreSQL has all records again');
      isOnDisk = false;
      return undefined;
    }
    // If it goes to disk meanwhile, it is written once more from there, which changes nothing.
    return { batch, done: async () => (appending === undefined ? settle(batch) : undefined) };
  }

  return {
    push: (batch) => {
      // Once full, room for half is waited for: else each batch that leaves would let one in, and make a gap of its own.
      const isBeyond = isDiskRefusing || length + batch.copyText.length > memoryLengthMax;
      if (isBeyond && rows + batch.rows > 2 * bufferSize) isFull = true;
      else if (rows + batch.rows <= bufferSize) isFull = false;
      if (isFull || isClosed) return false;
      pending.push(batch);
      rows += batch.rows;
      length += batch.copyText.length;
      // One batch may be as large as all that memory may hold.
      if (2 * rows > bufferSize && pending.length > 1) toDisk('more wait than memory may hold');
      if (isOnDisk) void spillPending();
      return true;
    },
    head: async () => {
      for (;;) {
        const found = await headOnDisk();
        if (found !== undefined) return found;
        // What is on its way to disk is older than the rest of memory; and it may have come there since we looked.
        if (appending !== undefined) await appending;
        else if (spill.length === 0) return headInMemory();
      }
    },
    toDisk,
    settled: async () => {
      const batch = pending.at(-1);
      if (batch !== undefined) await new Promise<void>((resolve) => waiters.push({ batch, resolve }));
    },
    close: async () => {
      isClosed = true;
      isOnDisk = true;
      clearTimeout(timer);
      void spillPending();
      while (appending !== undefined) await appending;
      await spill.close();
      return rows;
    },
    get rows() {
      return rows;
    },
    get isEmpty() {
      return pending.length === 0 && spill.length === 0;
    },
    get isOnDisk() {
      return isOnDisk;
    },
  };
}
