import type { Logger } from 'pino';
import type { Pair } from '../../../catalog/schema/pair.ts';
import { listenToMarket } from '../../datasets/market/notify.ts';
import { loadLastRecorded, readRecordPage, readTail, type TailPlace } from '../../datasets/market/read.ts';
import type { Gap, MarketRecord, RecordKind } from '../../datasets/market/record.ts';
import { describeError } from '../../runtime/errors.ts';
import type { Started } from '../../runtime/modules.ts';
import type { Relational } from '../../stores/relational.ts';
import { timeMax } from '../time.ts';
import {
  bookText,
  diffText,
  type Feed,
  type Follower,
  gapText,
  type LiveEvent,
  tickerText,
  tradeText,
} from './events.ts';
import { inSnapshot, readRecentGaps } from './feed-reads.ts';
import type { BookEvent, LiveBook } from './live-book.ts';
import { rebuildBook } from './rebuild.ts';
import { type ResumedDiffs, readDiffs } from './resume.ts';

/** The market as it is now: one book a symbol for all who follow it, kept by what the collector writes. */
export interface LiveMarket {
  /** Calls back with what happens to the symbol from now on; returns how to stop that. */
  follow(symbol: string, feed: Feed, follower: Follower): () => void;
  /** Calls back with gaps of the symbol: the one that lasts, and those to come. */
  followGaps(symbol: string, follower: (text: string) => void): () => void;
  /** The book of a symbol that is followed; undefined while it is being read. It changes under the reader's hands. */
  findBook(symbol: string): LiveBook | undefined;
  /** As `findBook`, as the text that is sent. */
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

/** How long a book is kept that nobody follows any more. */
const lingerMs = 30_000;
/** A symbol that is silent for so long is looked after: its update ids may have begun anew. */
const silentMs = 30_000;
/** Ends of gaps are looked for so far back. */
const closedWithinMs = 5 * 60_000;
/** Rows of one kind of one symbol at a time. */
const tailRows = 500;

const kindsOf: Readonly<Record<Feed, readonly RecordKind[]>> = {
  book: ['depth', 'snapshot', 'checkpoint'],
  trades: ['trade'],
  ticker: ['ticker'],
};

/** What is kept of a symbol that is followed. */
interface Followed {
  readonly pair: Pick<Pair, 'symbol' | 'market'>;
  readonly followers: Map<Feed, Set<Follower>>;
  readonly gapFollowers: Set<(text: string) => void>;
  /** Gaps that were told of, and whether as closed. */
  readonly gaps: Map<string, boolean>;
  book: LiveBook | undefined;
  text: { readonly lastUpdateId: number; readonly state: string; readonly text: string } | undefined;
  ticker: string | undefined;
  /** Up to where each kind was read; a feed without a place is still to be begun. */
  readonly places: Map<RecordKind, TailPlace>;
  wanted: ReadonlySet<Feed>;
  usedAt: number;
  heardAt: number;
}

/** Begins to listen. Throws RetryableError when the store cannot be reached. */
export async function openLiveMarket(deps: LiveMarketDeps): Promise<Started<LiveMarket>> {
  const { relational, clock, log } = deps;
  const followed = new Map<string, Followed>();
  const waiters = new Map<string, { resolve: (book: LiveBook) => void; reject: (error: unknown) => void }[]>();
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let failing: string | undefined;

  function emit(each: Followed, feed: Feed, event: LiveEvent): void {
    for (const follower of each.followers.get(feed) ?? []) follower(event);
  }

  function tellGap(each: Followed, gap: Gap): void {
    const key = `${gap.openedAtMs} ${gap.fromUpdateId}`;
    const isClosed = gap.closedAtMs !== null;
    if (each.gaps.get(key) === isClosed || each.gaps.get(key) === true) return;
    each.gaps.set(key, isClosed);
    const text = gapText(gap);
    for (const follower of each.gapFollowers) follower(text);
  }

  function tellBook(each: Followed, events: readonly BookEvent[]): void {
    for (const event of events) {
      if (event.kind === 'diff') {
        const text = diffText(event.record, event.previousUpdateId);
        emit(each, 'book', { kind: 'diff', lastUpdateId: event.record.updateId, text });
      } else if (event.kind === 'gap') tellGap(each, event.gap);
      else if (event.kind === 'replaced') emit(each, 'book', { kind: 'book' });
      else log.info({ symbol: each.pair.symbol, why: event.why }, 'live book is built again');
    }
  }

  /** Reads where the feeds of a symbol begin that have no place yet. */
  async function begin(each: Followed): Promise<void> {
    const { symbol } = each.pair;
    const wanted = each.wanted;
    const nowMs = clock();
    const before = await inSnapshot(relational, async (tx) => {
      const needed = [...wanted].filter((feed) => !kindsOf[feed].every((kind) => each.places.has(kind)));
      const kinds = needed.flatMap((feed) => kindsOf[feed]);
      const newest = await Promise.all(
        kinds.map(async (kind) => {
          const query = { symbol, kinds: [kind], fromMs: 0, toMs: timeMax, order: 'newest first' as const, limit: 1 };
          return [kind, (await readRecordPage(tx, query))[0]] as const;
        }),
      );
      const book = needed.includes('book') ? await rebuildBook(tx, each.pair, timeMax) : undefined;
      const gaps = await readRecentGaps(tx, [symbol], nowMs - closedWithinMs);
      return { needed, newest, book, gaps };
    });
    if (followed.get(symbol) !== each) return;
    for (const gap of before.gaps)
      if (gap.closedAtMs !== null) each.gaps.set(`${gap.openedAtMs} ${gap.fromUpdateId}`, true);
    for (const [kind, record] of before.newest) {
      const { updateId = 0, eventTimeMs = nowMs - closedWithinMs } = record ?? {};
      each.places.set(kind, { symbol, kind, updateId, eventTimeMs });
      if (kind === 'ticker' && record !== undefined) {
        each.ticker = tickerText(record);
        emit(each, 'ticker', { kind: 'ticker', text: each.ticker });
      }
    }
    each.heardAt = nowMs;
    for (const gap of before.gaps) if (gap.closedAtMs === null) tellGap(each, gap);
    if (before.book === undefined) return;
    each.book = before.book;
    each.text = undefined;
    for (const waiter of waiters.get(symbol) ?? []) waiter.resolve(before.book);
    waiters.delete(symbol);
    emit(each, 'book', { kind: 'book' });
  }

  function take(each: Followed, records: readonly MarketRecord[], gaps: readonly Gap[], isAll: boolean): void {
    if (records.length > 0) each.heardAt = clock();
    for (const record of records) {
      const { symbol, kind, updateId, eventTimeMs } = record;
      const place = each.places.get(kind);
      if (place === undefined || updateId > place.updateId)
        each.places.set(kind, { symbol, kind, updateId, eventTimeMs });
      if (kind === 'trade') {
        emit(each, 'trades', { kind: 'trade', tradeId: updateId, text: tradeText(record) });
      } else if (kind === 'ticker') {
        each.ticker = tickerText(record);
        emit(each, 'ticker', { kind: 'ticker', text: each.ticker });
      }
    }
    const { book } = each;
    if (book === undefined) {
      for (const gap of gaps) tellGap(each, gap);
      return;
    }
    const ofBook = records.filter(({ kind }) => kindsOf.book.includes(kind));
    const events = [...book.takeGaps(gaps), ...book.takeRecords(ofBook, isAll)];
    // An end of a gap is told once the book is whole again.
    const isEnd = (event: BookEvent) => event.kind === 'gap' && event.gap.closedAtMs !== null;
    tellBook(each, [...events.filter((event) => !isEnd(event)), ...events.filter(isEnd)]);
    if (events.some(({ kind }) => kind === 'rebuild')) for (const kind of kindsOf.book) each.places.delete(kind);
  }

  /** Looks once: begins what is new, and reads what came behind all places. Whether there may be more to read at once. */
  async function look(): Promise<boolean> {
    drop();
    const all = [...followed.values()];
    for (const each of all) {
      const isBegun = [...each.wanted].every((feed) => kindsOf[feed].every((kind) => each.places.has(kind)));
      if (!isBegun) await begin(each);
    }
    await renew(all);
    const places = all.flatMap((each) => [...each.places.values()]);
    if (places.length === 0) return false;
    const symbols = all.map(({ pair }) => pair.symbol);
    const { records, gaps } = await inSnapshot(relational, async (tx) => ({
      records: await readTail(tx, places, tailRows),
      gaps: await readRecentGaps(tx, symbols, clock() - closedWithinMs),
    }));
    const recordsOf = Map.groupBy(records, ({ symbol }) => symbol);
    const gapsOf = Map.groupBy(gaps, ({ symbol }) => symbol);
    let more = false;
    for (const each of all) {
      const { symbol } = each.pair;
      if (followed.get(symbol) !== each) continue;
      const own = recordsOf.get(symbol) ?? [];
      const isAll = !isFull(own);
      const news = (gapsOf.get(symbol) ?? []).filter((gap) => {
        const told = each.gaps.get(`${gap.openedAtMs} ${gap.fromUpdateId}`);
        return told === undefined || (!told && gap.closedAtMs !== null);
      });
      take(each, own, news, isAll);
      more ||= !isAll || each.places.size < [...each.wanted].flatMap((feed) => kindsOf[feed]).length;
    }
    return more;
  }

  /** Symbols whose update ids began anew are read from their new beginning: nothing would ever be behind the old place. */
  async function renew(all: readonly Followed[]): Promise<void> {
    const nowMs = clock();
    const silent = all.filter((each) => each.book !== undefined && nowMs - each.heardAt >= silentMs);
    if (silent.length === 0) return;
    const last = await loadLastRecorded(
      relational,
      silent.map(({ pair }) => pair.symbol),
    );
    for (const each of silent) {
      each.heardAt = nowMs;
      const [found, held] = [last.get(each.pair.symbol), each.book];
      if (found === undefined || held === undefined || found.eventTimeMs <= held.eventTimeMs + 1) continue;
      if (found.updateId < held.lastUpdateId) {
        log.info({ symbol: each.pair.symbol }, 'update ids began anew, live book is built again');
        each.places.clear();
        await begin(each);
      }
    }
  }

  function drop(): void {
    const nowMs = clock();
    for (const [symbol, each] of followed) {
      const isUsed = each.gapFollowers.size > 0 || [...each.followers.values()].some((set) => set.size > 0);
      if (isUsed) each.usedAt = nowMs;
      else if (nowMs - each.usedAt >= lingerMs) followed.delete(symbol);
    }
  }

  async function run(): Promise<void> {
    try {
      do again = false;
      while (!stopped && ((await look()) || again));
      failing = undefined;
    } catch (error) {
      failing = describeError(error);
      if (!stopped) log.warn({ reason: failing }, 'live market could not be read');
      for (const waiting of waiters.values()) for (const { reject } of waiting) reject(error);
      waiters.clear();
    }
  }

  function wake(): void {
    if (stopped) return;
    again = true;
    clearTimeout(timer);
    running ??= run().finally(() => {
      running = undefined;
      // What came between the last look and here.
      if (again && failing === undefined) wake();
      else if (!stopped) timer = setTimeout(wake, deps.pollMs);
    });
  }

  function open(symbol: string): Followed {
    const found = followed.get(symbol);
    if (found !== undefined) {
      found.usedAt = clock();
      return found;
    }
    const pair = deps.findPair(symbol);
    if (pair === undefined) throw new Error(`${symbol}: not a pair of the catalog`);
    const each: Followed = {
      pair,
      followers: new Map(),
      gapFollowers: new Set(),
      gaps: new Map(),
      book: undefined,
      text: undefined,
      ticker: undefined,
      places: new Map(),
      wanted: new Set(),
      usedAt: clock(),
      heardAt: clock(),
    };
    followed.set(symbol, each);
    return each;
  }

  function want(each: Followed, feed: Feed): void {
    if (each.wanted.has(feed)) return;
    each.wanted = new Set([...each.wanted, feed]);
    wake();
  }

  const live: LiveMarket = {
    follow: (symbol, feed, follower) => {
      const each = open(symbol);
      const set = each.followers.get(feed) ?? new Set();
      each.followers.set(feed, set);
      set.add(follower);
      if (feed === 'ticker' && each.ticker !== undefined) follower({ kind: 'ticker', text: each.ticker });
      want(each, feed);
      return () => set.delete(follower);
    },
    followGaps: (symbol, follower) => {
      const each = open(symbol);
      each.gapFollowers.add(follower);
      if (each.book?.state === 'gap' && each.book.gap !== undefined) follower(gapText(each.book.gap));
      return () => each.gapFollowers.delete(follower);
    },
    findBook: (symbol) => followed.get(symbol)?.book,
    bookText: (symbol) => {
      const each = followed.get(symbol);
      if (each?.book === undefined) throw new Error(`${symbol}: its book is not there`);
      const { lastUpdateId, state } = each.book;
      if (each.text?.lastUpdateId !== lastUpdateId || each.text.state !== state)
        each.text = { lastUpdateId, state, text: bookText(each.book) };
      return each.text.text;
    },
    openBook: (symbol) => {
      const each = open(symbol);
      want(each, 'book');
      if (each.book !== undefined) return Promise.resolve(each.book);
      const { promise, resolve, reject } = Promise.withResolvers<LiveBook>();
      waiters.set(symbol, [...(waiters.get(symbol) ?? []), { resolve, reject }]);
      wake();
      return promise;
    },
    readDiffs: (symbol, fromUpdateId) => readDiffs(relational, symbol, fromUpdateId, clock()),
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
    },
    health: () => (failing === undefined ? { ok: true } : { ok: false, detail: failing }),
  };
}

/** Whether some kind was cut off at the limit. */
function isFull(records: readonly MarketRecord[]): boolean {
  const counts = Map.groupBy(records, ({ kind }) => kind);
  return [...counts.values()].some((rows) => rows.length >= tailRows);
}
