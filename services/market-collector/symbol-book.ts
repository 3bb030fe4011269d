import { type BookTop, createOrderBook, type OrderBook } from '../datasets/market/order-book.ts';
import { BookError } from '../datasets/market/order-book-levels.ts';
import type { Gap, GapReason } from '../datasets/market/record.ts';
import type { BookTicker, DepthDiff, DepthSnapshot, Market } from './binance/messages.ts';
import { knownRangeOf } from './binance/parse-snapshot.ts';
import { createTickerAudit, isTopOf, type KnownSides } from './symbol-book-audit.ts';
import { createDiffBuffer } from './symbol-book-buffer.ts';
import { createGapKeeper, type Moment } from './symbol-book-gap.ts';
import type { Outcome, SnapshotReason } from './symbol-book-outcome.ts';
import { type Position, relationOf } from './symbol-book-sequence.ts';
import { createStallWatch } from './symbol-book-stall.ts';

export type { Outcome, SnapshotReason } from './symbol-book-outcome.ts';

export interface SymbolBookOptions {
  /** The pair's id in the catalog, for its gaps. */
  readonly symbol: string;
  readonly market: Market;
  /** Of the diffs that are kept while a snapshot is awaited; the oldest go first. */
  readonly bufferBytesMax: number;
  /** Unix milliseconds: in place of the exchange's clock as long as that has said nothing. */
  readonly now: () => number;
  /** Milliseconds that only go forward, for how long something lasts. */
  readonly elapsedMs?: () => number;
}

/**
 * The book of one symbol by the rules of its market: a state machine without input or output.
 *
 * `waiting`: no book (it is empty), diffs are kept for the snapshot to come. `live`: each diff is applied as it comes. A live
 * book with an open gap is in doubt: its sequence is whole, but it was found to be crossed or not what the ticker says. It goes
 * on, for its diffs are true whatever it began with, until a new snapshot is put under it or it agrees with the ticker again.
 */
export interface SymbolBook {
  /** The stream of the symbol is there: the time to ask for a snapshot. A first diff does as well. */
  onConnect(): Outcome[];
  onDiff(diff: DepthDiff, receivedAtMs: number): Outcome[];
  onTicker(ticker: BookTicker): Outcome[];
  onSnapshot(snapshot: DepthSnapshot, receivedAtMs: number): Outcome[];
  /** A message of the symbol could not be read: a diff may be lost. */
  onGarbage(reason: string): Outcome[];
  /** Tickers may have been missed: what came before is compared with none that comes after. */
  onTickersLost(): void;
  /** The stream is lost, and what was asked for with it. A snapshot is only wanted once it is back. */
  onDisconnect(detail: string): Outcome[];
  /** Several times a second: a stream that has died says nothing of it. */
  tick(): Outcome[];
  readonly book: OrderBook;
  readonly state: 'waiting' | 'live';
  /** The last that the book held; 0 before the first snapshot. */
  readonly lastUpdateId: number;
  /** When that was, by the exchange's clock. */
  readonly eventTimeMs: number;
  /** The gap that is open. */
  readonly gap: Gap | undefined;
  /** How often the best of the book was compared with the ticker, and agreed. */
  readonly auditedCount: number;
  readonly bufferedBytes: number;
}

/** A side with fewer than this part of its loaded levels within the known range wants a new snapshot. */
const deepenBelow = 1 / 5;
/** A book in doubt is trusted again after so many tops in a row that the ticker confirms. */
const streakToTrust = 3;

export function createSymbolBook(options: SymbolBookOptions): SymbolBook {
  const { symbol, market, bufferBytesMax, now, elapsedMs = () => performance.now() } = options;
  const book = createOrderBook();
  const audit = createTickerAudit();
  const gaps = createGapKeeper(symbol);
  const stall = createStallWatch(elapsedMs);
  /** Without a hole. Waiting: the newest diffs. Live with `refreshing`: those since its `fromUpdateId`. */
  const buffer = createDiffBuffer(bufferBytesMax);
  let state: 'waiting' | 'live' = 'waiting';
  let position: Position = { lastUpdateId: 0, eventTimeMs: undefined, isFresh: true };
  /** Of the last update applied, or of the snapshot; undefined before the first. */
  let heldMs: number | undefined;
  /** The newest that was heard of the exchange's clock. */
  let newestMs: number | undefined;
  let newestTicker: BookTicker | undefined;
  let loaded = { id: 0, timeMs: 0, bid: 0, ask: 0 };
  let asked: SnapshotReason | undefined;
  /** Undefined as long as nobody says. */
  let isConnected: boolean | undefined;
  /** While live: a new snapshot is to be put under the book. `snapshot` came, but is ahead of the book. */
  let refreshing: { fromUpdateId: number; snapshot: DepthSnapshot | undefined } | undefined;

  const held = (): Moment => ({ updateId: position.lastUpdateId, timeMs: heldMs ?? newestMs ?? now() });

  function openGap(reason: GapReason, from: Moment, detail: string): Outcome[] {
    const gap = gaps.open(reason, from, detail);
    return gap === undefined ? [] : [{ kind: 'opened', gap }];
  }

  function closeGap(to: Moment): Outcome[] {
    const gap = gaps.close(to);
    return gap === undefined ? [] : [{ kind: 'closed', gap }];
  }

  /** One at a time; only a book that is lost goes before one that is to be deepened. When and how often is for others to say. */
  function ask(why: SnapshotReason): Outcome[] {
    if (isConnected === false || stall.isStalled) return [];
    if (asked !== undefined && (asked !== 'deepen' || why === 'deepen')) return [];
    asked = why;
    return [{ kind: 'wantsSnapshot', why }];
  }

  function clearTickers(): void {
    audit.clear();
    newestTicker = undefined;
  }

  /** No book any more. */
  function lose(reason: GapReason, detail: string): Outcome[] {
    const opened = openGap(reason, held(), detail);
    state = 'waiting';
    refreshing = undefined;
    buffer.clear();
    book.clear();
    audit.clearTops();
    return opened;
  }

  /** The book goes on, but is not trusted. */
  function doubt(reason: GapReason, detail: string): Outcome[] {
    const { lastAgreed } = audit;
    const from = lastAgreed !== undefined && lastAgreed.updateId > loaded.id ? lastAgreed : undefined;
    return [...openGap(reason, from ?? { updateId: loaded.id, timeMs: loaded.timeMs }, detail), ...refresh('gap')];
  }

  function refresh(why: SnapshotReason): Outcome[] {
    if (refreshing === undefined) {
      buffer.clear();
      refreshing = { fromUpdateId: position.lastUpdateId, snapshot: undefined };
    }
    return ask(why);
  }

  function onDiffLive(diff: DepthDiff, receivedAtMs: number): Outcome[] {
    const relation = relationOf(market, position, diff);
    if (relation === 'old') {
      // A snapshot of spot tells no time: that of what it has is what ids that begin anew are found by.
      if (position.eventTimeMs === undefined) position = { ...position, eventTimeMs: diff.eventTimeMs };
      return [{ kind: 'dropped', why: position.isFresh ? 'old' : 'duplicate' }];
    }
    if (relation === 'next') return apply(diff, receivedAtMs);
    const lost = lose('sequence', describeGap(relation, position.lastUpdateId, diff));
    if (relation === 'reset') clearTickers();
    return [...lost, ...keep(diff, receivedAtMs), ...ask('gap')];
  }

  function apply(diff: DepthDiff, receivedAtMs: number): Outcome[] {
    const refusal = refusalOf(() => book.apply(diff));
    if (refusal !== undefined) return [...lose('garbage', `update ${diff.lastUpdateId}: ${refusal}`), ...ask('gap')];
    position = { lastUpdateId: diff.lastUpdateId, eventTimeMs: diff.eventTimeMs, isFresh: false };
    heldMs = diff.eventTimeMs;
    const top = book.best();
    const outcomes: Outcome[] = [{ kind: 'applied', diff, receivedAtMs, top }];
    if (refreshing !== undefined) {
      const gone = buffer.push(diff, receivedAtMs).at(-1);
      if (gone !== undefined) refreshing.fromUpdateId = gone.diff.lastUpdateId;
    }
    const known = knownSidesOf(book, top);
    outcomes.push(...check(known && audit.onTop({ updateId: diff.lastUpdateId, timeMs: heldMs }, top, known)));
    if (refreshing?.snapshot !== undefined) outcomes.push(...putUnder(refreshing.snapshot, receivedAtMs));
    if (asked === undefined && refreshing === undefined && isShallow()) outcomes.push(...refresh('deepen'));
    return outcomes;
  }

  /** After anything that tells of the best: whether the live book is to be doubted, or trusted again. */
  function check(disagreement: string | undefined): Outcome[] {
    if (book.isCrossed()) {
      const [[bid] = []] = book.levels('bid', 1);
      const [[ask] = []] = book.levels('ask', 1);
      return doubt('crossed', `at update ${position.lastUpdateId} the best bid is ${bid}, the best ask ${ask}`);
    }
    if (disagreement !== undefined) return doubt('ticker', disagreement);
    return gaps.current !== undefined && audit.streak >= streakToTrust ? closeGap(held()) : [];
  }

  function isShallow(): boolean {
    return (
      (book.bidFloor !== null && book.knownCount('bid') < loaded.bid * deepenBelow) ||
      (book.askCeiling !== null && book.knownCount('ask') < loaded.ask * deepenBelow)
    );
  }

  function keep(diff: DepthDiff, receivedAtMs: number): Outcome[] {
    const last = buffer.diffs.at(-1)?.diff;
    const relation = last === undefined ? 'next' : relationOf(market, { ...last, isFresh: false }, diff);
    if (relation === 'old') return [{ kind: 'dropped', why: 'duplicate' }];
    if (relation === 'reset') clearTickers();
    // Whatever snapshot the diffs before a hole would fit, its book would end at the hole.
    const useless = relation === 'next' ? [] : buffer.clear();
    const overflown = buffer.push(diff, receivedAtMs);
    return [
      ...useless.map(() => ({ kind: 'dropped', why: 'old' }) as const),
      ...overflown.map(() => ({ kind: 'dropped', why: 'overflow' }) as const),
    ];
  }

  function onDiffWaiting(diff: DepthDiff, receivedAtMs: number): Outcome[] {
    const outcomes = keep(diff, receivedAtMs);
    if (outcomes.some((outcome) => outcome.kind === 'dropped' && outcome.why === 'overflow')) {
      const detail = `more than ${bufferBytesMax} bytes of updates came before a snapshot`;
      outcomes.push(...openGap('overflow', held(), detail));
    }
    return [...outcomes, ...askAnew()];
  }

  function askAnew(): Outcome[] {
    return ask(gaps.current === undefined ? 'start' : 'gap');
  }

  /** Spot does not tell: it was about when the last diff that it includes was. */
  function timeOf(snapshot: DepthSnapshot): number {
    const { diffs } = buffer;
    const included = diffs.findLast(({ diff }) => diff.lastUpdateId <= snapshot.lastUpdateId) ?? diffs[0];
    return snapshot.eventTimeMs ?? included?.diff.eventTimeMs ?? newestMs ?? now();
  }

  /** False, with the book as it was, if the snapshot is no book. */
  function load(snapshot: DepthSnapshot, timeMs: number): boolean {
    if (refusalOf(() => book.load(snapshot, knownRangeOf(snapshot))) !== undefined) return false;
    loaded = { id: snapshot.lastUpdateId, timeMs, bid: book.knownCount('bid'), ask: book.knownCount('ask') };
    return true;
  }

  /** From waiting to live. */
  function join(snapshot: DepthSnapshot, receivedAtMs: number): Outcome[] {
    const { lastUpdateId } = snapshot;
    const fresh: Position = { lastUpdateId, eventTimeMs: undefined, isFresh: true };
    const first = buffer.diffs.find(({ diff }) => relationOf(market, fresh, diff) !== 'old');
    if (first !== undefined && relationOf(market, fresh, first.diff) !== 'next') return ask('stale');
    const timeMs = timeOf(snapshot);
    if (!load(snapshot, timeMs)) return ask('failed');
    const newest = buffer.diffs.at(-1)?.diff;
    position = { ...fresh, eventTimeMs: snapshot.eventTimeMs ?? newest?.eventTimeMs };
    heldMs = timeMs;
    state = 'live';
    const outcomes: Outcome[] = [
      { kind: 'joined', snapshot, eventTimeMs: timeMs, receivedAtMs, top: book.best() },
      ...closeGap({ updateId: lastUpdateId, timeMs }),
    ];
    const kept = buffer.clear();
    // Not compared with the ticker: a snapshot of COIN-M futures may lack what the stream had before its id.
    outcomes.push(...check(undefined));
    for (const { diff, receivedAtMs: diffReceivedAtMs } of kept)
      outcomes.push(...(state === 'live' ? onDiffLive : onDiffWaiting)(diff, diffReceivedAtMs));
    return outcomes;
  }

  /** A newer snapshot, and the diffs since, in place of what a live book has. */
  function putUnder(snapshot: DepthSnapshot, receivedAtMs: number): Outcome[] {
    if (refreshing === undefined) return [];
    if (snapshot.lastUpdateId > position.lastUpdateId) {
      refreshing.snapshot = snapshot;
      return [];
    }
    refreshing.snapshot = undefined;
    const isNeeded = gaps.current !== undefined || isShallow();
    const timeMs = timeOf(snapshot);
    if (snapshot.lastUpdateId < refreshing.fromUpdateId || !load(snapshot, timeMs)) {
      if (isNeeded) return ask('stale');
      refreshing = undefined;
      buffer.clear();
      return [];
    }
    const top = book.best();
    refreshing = undefined;
    audit.clearTops();
    const since = buffer.clear().filter(({ diff }) => diff.lastUpdateId > snapshot.lastUpdateId);
    for (const { diff } of since) {
      const refusal = refusalOf(() => book.apply(diff));
      if (refusal !== undefined) return [...lose('garbage', `update ${diff.lastUpdateId}: ${refusal}`), ...ask('gap')];
    }
    return [
      { kind: 'joined', snapshot, eventTimeMs: timeMs, receivedAtMs, top },
      ...closeGap({ updateId: snapshot.lastUpdateId, timeMs }),
      ...check(undefined),
    ];
  }

  function agrees(ticker: BookTicker): boolean {
    const top = book.best();
    const known = knownSidesOf(book, top);
    return known === undefined || isTopOf(ticker, top, known);
  }

  return {
    onConnect() {
      if (isConnected === true) return [];
      isConnected = true;
      stall.onLife();
      asked = undefined;
      return state === 'waiting' ? askAnew() : [];
    },
    onDiff(diff, receivedAtMs) {
      stall.onLife();
      newestMs = Math.max(newestMs ?? 0, diff.eventTimeMs);
      return (state === 'live' ? onDiffLive : onDiffWaiting)(diff, receivedAtMs);
    },
    onTicker(ticker) {
      newestTicker = ticker;
      if (ticker.eventTimeMs !== undefined) newestMs = Math.max(newestMs ?? 0, ticker.eventTimeMs);
      const disagreement = audit.onTicker(ticker);
      return state === 'live' ? check(disagreement) : [];
    },
    onSnapshot(snapshot, receivedAtMs) {
      asked = undefined;
      // Nothing would keep the book true.
      if (isConnected === false || stall.isStalled) return [];
      return (state === 'live' ? putUnder : join)(snapshot, receivedAtMs);
    },
    onGarbage(reason) {
      stall.onLife();
      return [...lose('garbage', reason), ...ask('gap')];
    },
    onTickersLost: clearTickers,
    onDisconnect(detail) {
      isConnected = false;
      asked = undefined;
      stall.onLife();
      clearTickers();
      return lose('disconnect', detail);
    },
    tick() {
      const { lastUpdateId } = position;
      if (!stall.look(state === 'live' ? { lastUpdateId, agrees } : undefined, newestTicker)) return [];
      if (state === 'waiting') return [{ kind: 'stalled' }];
      asked = undefined;
      const detail = `no update came since ${lastUpdateId}, though ticker ${newestTicker?.updateId} did seconds ago`;
      return [...lose('disconnect', detail), { kind: 'stalled' }];
    },
    book,
    get state() {
      return state;
    },
    get lastUpdateId() {
      return position.lastUpdateId;
    },
    get eventTimeMs() {
      return held().timeMs;
    },
    get gap() {
      return gaps.current;
    },
    get auditedCount() {
      return audit.agreedCount;
    },
    get bufferedBytes() {
      return buffer.bytes;
    },
  };
}

/** Why the book, which is as it was then, does not take it; undefined if it did. */
function refusalOf(change: () => void): string | undefined {
  try {
    change();
    return undefined;
  } catch (error) {
    if (!(error instanceof BookError)) throw error;
    return error.message;
  }
}

function describeGap(relation: 'ahead' | 'reset', lastUpdateId: number, diff: DepthDiff): string {
  if (relation === 'reset') return `ids went back from ${lastUpdateId} to ${diff.firstUpdateId}`;
  const continued = diff.previousUpdateId ?? diff.firstUpdateId - 1;
  return `update ${diff.lastUpdateId} continues ${continued}, not ${lastUpdateId}`;
}

/** Undefined if neither is. */
function knownSidesOf(book: OrderBook, { bid, ask }: BookTop): KnownSides | undefined {
  const isBidKnown = bid !== null || book.bidFloor === null;
  const isAskKnown = ask !== null || book.askCeiling === null;
  if (isBidKnown) return isAskKnown ? 'both' : 'bid';
  return isAskKnown ? 'ask' : undefined;
}
