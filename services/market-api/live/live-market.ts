import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Pair } from '../../../catalog/schema/pair.ts';
import { listenToMarket } from '../../datasets/market/notify.ts';
import { loadLastRecorded, readTail } from '../../datasets/market/read.ts';
import type { MarketRecord } from '../../datasets/market/record.ts';
import { describeError, RetryableError } from '../../runtime/errors.ts';
import type { Started } from '../../runtime/modules.ts';
import type { Relational } from '../../stores/relational.ts';
import { closedWithinMs, readBeginning } from './beginning.ts';
import type { Feed, Follower } from './events.ts';
import { inSnapshot, readRecentGaps } from './feed-reads.ts';
import type { LiveBook } from './live-book.ts';
import { createLiveSymbol, type LiveSymbol } from './live-symbol.ts';
import { type ResumedDiffs, readDiffs } from './resume.ts';

/** The market as it is now: one book a symbol for all who follow it, kept by what the collector writes. */
export interface LiveMarket {
  /** Calls back with what happens to the symbol from now on; returns how to stop that. */
  follow(symbol: string, feed: Feed, follower: Follower): () => void;
  /** Calls back with gaps of a symbol that is followed: the one that lasts, and those to come. */
  followGaps(symbol: string, follower: (text: string) => void): () => void;
  /** The book of a symbol that is followed; undefined while it is being read. It changes under the reader's hands. */
  findBook(symbol: string): LiveBook | undefined;
  /** As `findBook`, as the text that is sent. Throws while there is none. */
  bookText(symbol: string): string;
  /** The book of any symbol, kept for some time after. Throws RetryableError when it cannot be read now. */
  openBook(symbol: string): Promise<LiveBook>;
  /** The updates behind one that a client has, in pages, for as long as they are asked for. */
  readDiffs(symbol: string, fromUpdateId: number): AsyncGenerator<ResumedDiffs>;
}

export interface LiveMarketDeps {
  readonly relational: Relational;
  readonly findPair: (symbol: string) => Pick<Pair, 'symbol' | 'market'> | undefined;
  readonly clock: () => number;
  readonly log: Logger;
  /** How often to look although nothing was notified. */
  readonly pollMs: number;
}

/** How long a symbol is kept that nobody follows any more. */
const lingerMs = 30_000;
/** A symbol that is silent for so long is looked after: its update ids may have begun anew. */
const silentMs = 30_000;
/** Rows of one kind of one symbol at a time, and of all together: who has less to read is not kept waiting by who has more. */
const tailRows = { each: 500, total: 20_000 } as const;
/** Books that are built at one time: the others must still be kept. */
const beginningsMax = 4;

interface Kept {
  readonly live: LiveSymbol;
  usedAt: number;
  /** While it is being begun; rejects when that fails. */
  beginning: Promise<void> | undefined;
}

/** Begins to listen. Throws RetryableError when the store cannot be reached. */
export async function openLiveMarket(deps: LiveMarketDeps): Promise<Started<LiveMarket>> {
  const { relational, clock, log } = deps;
  const kept = new Map<string, Kept>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let failing: string | undefined;

  /** Begins what is to be begun, some at a time. Each wakes the loop when it is there. */
  function beginSome(): void {
    let begun = [...kept.values()].filter(({ beginning }) => beginning !== undefined).length;
    for (const each of kept.values()) {
      if (begun >= beginningsMax || stopped) return;
      const feeds = each.beginning === undefined ? each.live.toBegin() : [];
      if (feeds.length === 0) continue;
      begun += 1;
      const nowMs = clock();
      const { doubts } = each.live;
      each.beginning = readBeginning(relational, each.live.pair, feeds, nowMs)
        .then((beginning) => {
          if (!stopped && each.live.doubts === doubts) each.live.begin(beginning, nowMs);
        })
        .finally(() => {
          each.beginning = undefined;
        });
      each.beginning.then(wake, fail);
    }
  }

  /** Looks once: reads what came behind all places. Whether there may be more to read at once. */
  async function look(): Promise<boolean> {
    drop();
    beginSome();
    const all = [...kept.values()].map(({ live }) => live);
    await renew(all);
    const read = new Map(all.filter(({ places }) => places.size > 0).map((live) => [live, live.places.has('depth')]));
    if (read.size === 0) return false;
    const symbols = [...read.keys()].map(({ pair }) => pair.symbol);
    const places = [...read.keys()].flatMap((live) => [...live.places.values()]);
    const limit = Math.max(1, Math.min(tailRows.each, Math.floor(tailRows.total / places.length)));
    const { records, gaps } = await inSnapshot(relational, async (tx) => ({
      records: await readTail(tx, places, limit),
      gaps: await readRecentGaps(tx, symbols, clock() - closedWithinMs),
    }));
    const recordsOf = Map.groupBy(records, ({ symbol }) => symbol);
    const gapsOf = Map.groupBy(gaps, ({ symbol }) => symbol);
    let more = false;
    for (const [live, isOfBook] of read) {
      const { symbol } = live.pair;
      const { own, isAll } = cutOff(recordsOf.get(symbol) ?? [], limit);
      // The end of a gap is told once all up to it is.
      const told = (gapsOf.get(symbol) ?? []).filter(({ closedAtMs }) => isAll || closedAtMs === null);
      const outcome = live.take(own, told, isAll && isOfBook, clock());
      if (outcome === 'rebuild') log.info({ symbol }, 'live book is built again');
      more ||= !isAll || outcome === 'rebuild';
      // Sockets get rid of what they were given in between, so that a burst is not taken for a slow reader.
      if (own.length > 0) await nextTurn();
    }
    return more;
  }

  /** Symbols whose update ids began anew are read from their new beginning: nothing would ever be behind the old place. */
  async function renew(all: readonly LiveSymbol[]): Promise<void> {
    const nowMs = clock();
    const silent = all.filter(({ book, heardAtMs }) => book !== undefined && nowMs - heardAtMs >= silentMs);
    if (silent.length === 0) return;
    const last = await loadLastRecorded(
      relational,
      silent.map(({ pair }) => pair.symbol),
    );
    for (const live of silent) {
      const [found, held] = [last.get(live.pair.symbol), live.book];
      const isNew = found !== undefined && held !== undefined && found.eventTimeMs > held.eventTimeMs;
      if (!isNew || found.updateId >= held.lastUpdateId) continue;
      log.info({ symbol: live.pair.symbol }, 'update ids began anew, live book is built again');
      live.forget(nowMs);
    }
    beginSome();
  }

  function drop(): void {
    const nowMs = clock();
    for (const [symbol, each] of kept) {
      if (each.live.isFollowed) each.usedAt = nowMs;
      else if (nowMs - each.usedAt >= lingerMs) kept.delete(symbol);
    }
  }

  function fail(error: unknown): void {
    failing = describeError(error);
    if (!stopped) log.warn({ reason: failing }, 'live market could not be read');
  }

  async function run(): Promise<void> {
    try {
      do again = false;
      while (!stopped && ((await look()) || again));
      failing = undefined;
    } catch (error) {
      again = false;
      fail(error);
    }
  }

  function wake(): void {
    again = true;
    if (stopped || running !== undefined) return;
    clearTimeout(timer);
    running = run().finally(() => {
      running = undefined;
      if (stopped) return;
      if (again) wake();
      else timer = setTimeout(wake, deps.pollMs);
    });
  }

  function keep(symbol: string): Kept {
    const found = kept.get(symbol);
    if (found !== undefined) {
      found.usedAt = clock();
      return found;
    }
    const pair = deps.findPair(symbol);
    if (pair === undefined) throw new Error(`${symbol}: not a pair of the catalog`);
    const each: Kept = { live: createLiveSymbol(pair, clock()), usedAt: clock(), beginning: undefined };
    kept.set(symbol, each);
    return each;
  }

  async function openBook(symbol: string): Promise<LiveBook> {
    const each = keep(symbol);
    each.live.want('book');
    while (each.live.book === undefined) {
      beginSome();
      // Others may be before it.
      const others = [...kept.values()].flatMap(({ beginning }) => beginning ?? []);
      if (stopped || others.length === 0) throw new RetryableError(`${symbol}: its book is not kept`);
      await (each.beginning ?? Promise.race(others));
    }
    return each.live.book;
  }

  const live: LiveMarket = {
    follow: (symbol, feed, follower) => {
      const stop = keep(symbol).live.follow(feed, follower);
      wake();
      return stop;
    },
    followGaps: (symbol, follower) => keep(symbol).live.followGaps(follower),
    findBook: (symbol) => kept.get(symbol)?.live.book,
    bookText: (symbol) => keep(symbol).live.bookText(),
    openBook,
    readDiffs: (symbol, fromUpdateId) => readDiffs(relational, keep(symbol).live.pair, fromUpdateId, clock()),
  };

  const stopListening = await listenToMarket(relational, wake);
  timer = setTimeout(wake, deps.pollMs);
  return {
    part: live,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await stopListening();
      await running;
      await Promise.allSettled([...kept.values()].map(({ beginning }) => beginning));
    },
    health: () => (failing === undefined ? { ok: true } : { ok: false, detail: failing }),
  };
}

/**
 * What to take now of what was read up to a limit of each kind, and whether it is all there was. Whole books beyond the last update
 * are read again later: they would stand in the place of updates that are to come.
 */
function cutOff(records: readonly MarketRecord[], limit: number): { own: readonly MarketRecord[]; isAll: boolean } {
  const byKind = Map.groupBy(records, ({ kind }) => kind);
  const isAll = [...byKind.values()].every((rows) => rows.length < limit);
  const depth = byKind.get('depth') ?? [];
  const lastId = depth.at(-1)?.updateId;
  if (lastId === undefined || depth.length < limit) return { own: records, isAll };
  const isWhole = ({ kind }: MarketRecord) => kind === 'snapshot' || kind === 'checkpoint';
  return { own: records.filter((record) => !isWhole(record) || record.updateId <= lastId), isAll };
}
