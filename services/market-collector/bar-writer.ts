import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Bar } from '../datasets/market/bar.ts';
import { barsTopic, messageOf } from '../datasets/market/bar-message.ts';
import { ConfigurationError, describeError, RetryableError } from '../runtime/errors.ts';
import type { Started } from '../runtime/modules.ts';
import type { Bus } from '../stores/bus.ts';
import { createBarWriterMetrics } from './bar-writer-metrics.ts';
import { openSpillQueue } from './spill-queue.ts';

export interface BarWriter {
  /** Takes bars to be published soon. Never blocks and never throws; what there is no place for is dropped and counted. */
  write(bars: readonly Bar[]): void;
  /** Resolves once all that was taken is safe at the bus or, while it takes nothing, on disk; what fits in neither is dropped. */
  flush(): Promise<void>;
}

export interface BarWriterOptions {
  readonly bus: Pick<Bus, 'publish'>;
  /** Holds what the bus has not taken yet. Belongs to one writer at a time. */
  readonly dir: string;
  readonly log: Logger;
  readonly metrics: Registry;
  /** In one process the store is part of it, which does about as much for a batch of one second as for one of five. */
  readonly flushIntervalMs?: number | undefined;
  /** Bars of one batch. */
  readonly batchBars?: number;
  /** Bars in memory. */
  readonly bufferBars?: number;
  readonly spillBytesMax?: number;
}

interface Batch {
  /** Names it, for people. */
  readonly token: string;
  readonly bars: readonly Bar[];
}

/** So often a batch is tried which the bus refuses for a reason that is neither the connection nor the configuration. */
const refusalsMax = 3;

/**
 * Publishes bars in the order in which they came, in batches. While the bus takes none they wait on disk, and go first once it does
 * again. A crash loses what was in memory, some seconds of bars; a batch may be published twice, which changes nothing.
 */
export async function createBarWriter(options: BarWriterOptions): Promise<Required<Started<BarWriter>>> {
  const { bus, dir, log, flushIntervalMs = 5000, batchBars = 5000, bufferBars = 50_000 } = options;
  const { spillBytesMax = 256 * 2 ** 20 } = options;
  const metrics = createBarWriterMetrics(options.metrics);
  const queue = openSpillQueue({
    folder: dir,
    bytesMax: spillBytesMax,
    onTrouble: (kind, detail) => log.warn({ kind, detail }, 'queue of bars on disk is in trouble'),
  });
  const run = randomUUID();
  let batches = 0;
  let buffer: Bar[] = [];
  let refusals = 0;
  let reason: string | undefined;
  let work: Promise<void> = Promise.resolve();
  let isWorking = false;
  let spilling: Promise<void> | undefined;

  function observe(): void {
    metrics.observe({ buffered: buffer.length, batches: queue.length, bytes: queue.bytes, bytesMax: spillBytesMax });
  }

  function dropped(count: number): void {
    metrics.dropped(count);
    log.error({ bars: count }, 'bars are lost: memory and disk are full');
  }

  /** Whether the bus has it now, or never will. */
  async function deliver(batch: Batch): Promise<boolean> {
    const { bars } = batch;
    try {
      const startedAt = performance.now();
      await bus.publish(barsTopic, bars.map(messageOf));
      metrics.published(bars.length, performance.now() - startedAt);
    } catch (error) {
      const text = describeError(error);
      metrics.failed(error instanceof RetryableError ? 'unavailable' : 'refused');
      if (reason === undefined) log.warn({ reason: text }, 'bars cannot be published, they wait');
      reason = text;
      if (error instanceof RetryableError || error instanceof ConfigurationError || ++refusals < refusalsMax)
        return false;
      await putAside(batch, text);
      refusals = 0;
      return true;
    }
    if (reason !== undefined) log.info({ batches: queue.length }, 'bars are published again');
    reason = undefined;
    refusals = 0;
    return true;
  }

  /** One that is refused for what is in it must not hold up all that come after it. */
  async function putAside(batch: Batch, text: string): Promise<void> {
    const file = path.join(dir, 'refused', `${batch.token}.json`);
    metrics.refused();
    log.error({ file, reason: text }, 'a batch of bars is refused by the bus and put aside');
    try {
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, JSON.stringify(batch));
    } catch (error) {
      log.error({ file, reason: describeError(error) }, 'a batch of bars could not be put aside');
    }
  }

  function takeBatch(): Batch | undefined {
    if (buffer.length === 0) return undefined;
    const bars = buffer.slice(0, batchBars);
    buffer = buffer.slice(batchBars);
    return { token: `${run}-${batches++}`, bars };
  }

  async function spill(batch: Batch): Promise<void> {
    if (!(await queue.append(Buffer.from(JSON.stringify(batch))))) dropped(batch.bars.length);
  }

  async function spillAll(): Promise<void> {
    for (let batch = takeBatch(); batch !== undefined; batch = takeBatch()) await spill(batch);
  }

  /** What waits in memory goes to disk although a batch is under way: that may last for longer than memory does. */
  function spillMeanwhile(): void {
    spilling ??= spillAll().finally(() => {
      spilling = undefined;
      observe();
    });
  }

  async function drainQueue(): Promise<boolean> {
    for (let bytes = await queue.peek(); bytes !== undefined; bytes = await queue.peek()) {
      // Our earlier self wrote it, and the queue vouches for the bytes.
      if (!(await deliver(JSON.parse(bytes.toString()) as Batch))) return false;
      await queue.drop();
      observe();
    }
    return true;
  }

  async function writeAll(): Promise<void> {
    for (;;) {
      // Some may have gone to disk during the last one.
      if (!(await drainQueue())) return spillAll();
      const batch = takeBatch();
      if (batch === undefined) return spilling;
      if (await deliver(batch)) continue;
      await spill(batch);
      return spillAll();
    }
  }

  function flush(): Promise<void> {
    isWorking = true;
    work = work
      .then(writeAll)
      .catch((error: unknown) => log.error({ reason: describeError(error) }, 'bars could not be handled'))
      .finally(() => {
        isWorking = false;
        observe();
      });
    return work;
  }

  observe();
  const timer = setInterval(() => {
    // The bus takes its time: what came meanwhile goes with the next batch.
    if (!isWorking) flush();
  }, flushIntervalMs);

  return {
    part: {
      write(bars) {
        const room = Math.max(0, bufferBars - buffer.length);
        for (const bar of bars.slice(0, room)) buffer.push(bar);
        if (bars.length > room) dropped(bars.length - room);
        if (buffer.length * 2 < bufferBars) return;
        if (isWorking) spillMeanwhile();
        else void flush();
      },
      flush,
    },
    stop: async () => {
      clearInterval(timer);
      // On disk first when the bus may keep us waiting: we may be killed for taking too long.
      if (isWorking || reason !== undefined) await spillAll();
      await work;
      if (reason === undefined) await flush();
      await spilling;
      await queue.close();
    },
    health: () => {
      const waiting = `${buffer.length} bars in memory and ${queue.length} batches on disk wait`;
      return { ok: reason === undefined, detail: reason === undefined ? waiting : `${waiting}: ${reason}` };
    },
  };
}
