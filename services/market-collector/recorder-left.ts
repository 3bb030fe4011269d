import type { Logger } from 'pino';
import { keyOfGap, readOpenGaps } from '../datasets/market/gaps.ts';
import { loadLastRecorded, readSymbols } from '../datasets/market/read.ts';
import type { Gap } from '../datasets/market/record.ts';
import { type BookPlace, decodeBatch } from '../datasets/market/write-batch.ts';
import { describeError } from '../runtime/errors.ts';
import type { Relational } from '../stores/relational.ts';
import type { Losses } from './recorder-losses.ts';
import type { SpillQueue } from './spill-queue.ts';

/** What an earlier process left, in PostgreSQL and on disk. */
export interface Left {
  /** See `Recorder.loadLastRecorded`. */
  loadLastRecorded(symbols: readonly string[]): Promise<Map<string, BookPlace>>;
}

/** Reads what is on disk. To be called before anything is written from there. */
export async function readLeft(options: {
  readonly relational: Relational;
  readonly spill: SpillQueue;
  readonly losses: Losses;
  /** Whether the disk has told of damage since the last call. */
  readonly takeDamage: () => boolean;
  readonly log: Logger;
}): Promise<Left> {
  const { relational, spill, losses, log } = options;
  const gapsOnDisk = new Map<string, Gap>();
  for await (const bytes of spill.batches()) {
    try {
      const batch = decodeBatch(bytes);
      losses.onKept(batch);
      for (const gap of batch.gaps) gapsOnDisk.set(keyOfGap(gap), gap);
    } catch (error) {
      // It is put aside when its turn comes.
      log.error({ reason: describeError(error) }, 'a batch of records on disk cannot be read');
    }
  }
  if (spill.length > 0) log.info({ batches: spill.length }, 'records of an earlier run wait on disk');
  if (options.takeDamage()) losses.onDamaged(await symbolsInStore(options));
  const seen = new Set<string>();

  return {
    loadLastRecorded: async (symbols) => {
      const places = new Map(await loadLastRecorded(relational, symbols));
      const gaps = new Map((await readOpenGaps(relational)).map((gap) => [keyOfGap(gap), gap]));
      for (const [key, gap] of gapsOnDisk) gaps.set(key, gap);
      // Of a symbol that was asked for before, open gaps are this run's own.
      const unseen = new Set(symbols.filter((symbol) => !seen.has(symbol)));
      for (const symbol of unseen) {
        seen.add(symbol);
        const place = places.get(symbol);
        if (place !== undefined) losses.adoptPlace(symbol, place);
      }
      for (const gap of gaps.values()) if (gap.closedAtMs === null && unseen.has(gap.symbol)) losses.adoptGap(gap);
      for (const symbol of symbols) {
        const place = losses.findKept(symbol);
        // By time: ids may have begun anew since.
        if (place !== undefined && place.eventTimeMs >= (places.get(symbol)?.eventTimeMs ?? 0))
          places.set(symbol, place);
      }
      return places;
    },
  };
}

/** All symbols of which PostgreSQL has records; how far is told to `losses`, before it gets more. */
async function symbolsInStore(options: {
  readonly relational: Relational;
  readonly losses: Losses;
  readonly log: Logger;
}): Promise<string[]> {
  const { relational, losses, log } = options;
  try {
    const symbols = await readSymbols(relational);
    for (const [symbol, place] of await loadLastRecorded(relational, symbols)) losses.adoptPlace(symbol, place);
    return symbols;
  } catch (error) {
    log.warn({ reason: describeError(error) }, 'the symbols that are held could not be read');
    return [];
  }
}
