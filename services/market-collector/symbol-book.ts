import { type BookTop, createOrderBook, type OrderBook } from '../datasets/market/order-book.ts';
import { BookError } from '../datasets/market/order-book-levels.ts';
import type { Gap, GapReason } from '../datasets/market/record.ts';
import type { BookTicker, DepthDiff, DepthSnapshot, Market } from './binance/messages.ts';
import { knownRangeOf } from './binance/parse-snapshot.ts';
import { createTickerAudit } from './symbol-book-audit.ts';
import { createDiffBuffer } from './symbol-book-buffer.ts';
import { type Position, relationOf } from './symbol-book-sequence.ts';

/** What became of what a symbol was told, in the order in which it is to be written down. */
export type Outcome =
  /** The book was loaded with the snapshot; `top` is its best as loaded. Diffs that it lacks follow as applied. */
  | { readonly kind: 'joined'; readonly snapshot: DepthSnapshot; readonly receivedAtMs: number; readonly top: BookTop }
  /** `top` is the best right after this diff (the book itself may be further already). */
  | { readonly kind: 'applied'; readonly diff: DepthDiff; readonly receivedAtMs: number; readonly top: BookTop }
  | { readonly kind: 'opened'; readonly gap: Gap }
  | { readonly kind: 'closed'; readonly gap: Gap }
  | { readonly kind: 'dropped'; readonly why: DropReason }
  /** Load a snapshot after `delayMs`, and hand it (or that it failed) in. Not said again until then. */
  | { readonly kind: 'wantsSnapshot'; readonly why: SnapshotReason; readonly delayMs: number };

/** duplicate: the book, or the buffer, has it · old: from before the snapshot, or of no use to a book · overflow: no room. */
export type DropReason = 'duplicate' | 'old' | 'overflow';

/** start · gap · stale: the last snapshot was older than the diffs that are kept · failed · deepen: few known levels are left. */
export type SnapshotReason = 'start' | 'gap' | 'stale' | 'failed' | 'deepen';

export interface SymbolBookOptions {
  /** The pair's id in the catalog, for its gaps. */
  readonly symbol: string;
  readonly market: Market;
  /** Of the diffs that are kept while a snapshot is awaited; the oldest go first. */
  readonly bufferBytesMax: number;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/**
 * The book of one symbol by the rules of its market: a state machine without input or output. It is `live` from its first
 * snapshot to the next gap, and `waiting` otherwise; while it waits the book is empty.
 */
export interface SymbolBook {
  /** The stream of the symbol is there: the time to ask for the first snapshot. A first diff does as well. */
  onConnect(): Outcome[];
  onDiff(diff: DepthDiff, receivedAtMs: number): Outcome[];
  onTicker(ticker: BookTicker): Outcome[];
  onSnapshot(snapshot: DepthSnapshot, receivedAtMs: number): Outcome[];
  /** The snapshot that was asked for cannot be had. */
  onSnapshotFailed(): Outcome[];
  /** A message of the symbol could not be read. */
  onGarbage(reason: string): Outcome[];
  /** The stream is lost. A snapshot is only wanted once it is back. */
  onDisconnect(detail: string): Outcome[];
  readonly book: OrderBook;
  readonly state: 'waiting' | 'live';
  /** The last that the book holds; 0 before the first snapshot. Kept through a gap. */
  readonly lastUpdateId: number;
  /** The gap that is open. */
  readonly gap: Gap | undefined;
  /** How often the best of the book was compared with the ticker, and agreed. */
  readonly auditedCount: number;
  readonly bufferedBytes: number;
}

const firstDelayMs = 1000;
const delayMsMax = 60_000;
/** A book that was live for so long starts again without delay. */
const settledAfterMs = 60_000;
/** A side with fewer than this part of its loaded levels within the known range wants a new snapshot. */
const deepenBelow = 1 / 5;

export function createSymbolBook({ symbol, market, bufferBytesMax, now }: SymbolBookOptions): SymbolBook {
  const book = createOrderBook();
  const audit = createTickerAudit();
  /** While waiting: the newest diffs without a hole. While live and a deeper snapshot is awaited: those since it was asked for. */
  const buffer = createDiffBuffer(bufferBytesMax);
  let state: 'waiting' | 'live' = 'waiting';
  let position: Position = { lastUpdateId: 0, eventTimeMs: undefined, isFresh: true };
  let gap: Gap | undefined;
  let isAsked = false;
  let attempts = 0;
  let liveSinceMs = 0;
  let loaded = { bid: 0, ask: 0 };
  /** While live: where the book was when a deeper snapshot was asked for, and that snapshot if it is ahead of the book. */
  let deepening: { fromUpdateId: number; snapshot: DepthSnapshot | undefined } | undefined;

  function ask(why: SnapshotReason): Outcome[] {
    if (isAsked) return [];
    isAsked = true;
    const delayMs = attempts === 0 ? 0 : Math.min(delayMsMax, firstDelayMs * 2 ** (attempts - 1));
    attempts++;
    return [{ kind: 'wantsSnapshot', why, delayMs }];
  }

  function open(reason: GapReason, detail: string): Outcome[] {
    if (state === 'live' && now() - liveSinceMs >= settledAfterMs) attempts = 0;
    state = 'waiting';
    deepening = undefined;
    buffer.clear();
    book.clear();
    audit.clearTops();
    if (gap !== undefined) return [];
    gap = {
      symbol,
      reason,
      fromUpdateId: position.lastUpdateId,
      toUpdateId: null,
      openedAtMs: now(),
      closedAtMs: null,
      detail,
    };
    return [{ kind: 'opened', gap }];
  }

  /** The book goes on with the diff, or says why it cannot. */
  function apply(diff: DepthDiff, receivedAtMs: number): Outcome[] {
    try {
      book.apply(diff);
    } catch (error) {
      if (!(error instanceof BookError)) throw error;
      return [...open('garbage', `update ${diff.lastUpdateId}: ${error.message}`), ...ask('gap')];
    }
    position = { lastUpdateId: diff.lastUpdateId, eventTimeMs: diff.eventTimeMs, isFresh: false };
    const top = book.best();
    const applied: Outcome = { kind: 'applied', diff, receivedAtMs, top };
    const wrong = checkTop(top);
    return wrong.length === 0 ? [applied] : [applied, ...wrong];
  }

  function checkCrossed(): Outcome[] {
    if (book.isCrossed()) {
      const [bid] = book.levels('bid', 1);
      const [ask_] = book.levels('ask', 1);
      const detail = `at update ${position.lastUpdateId} the best bid is ${bid?.[0]}, the best ask ${ask_?.[0]}`;
      return [...open('crossed', detail), ...ask('gap')];
    }
    return [];
  }

  function checkTop(top: BookTop): Outcome[] {
    if (book.isCrossed()) return checkCrossed();
    return disagree(isTopKnown(book, top) ? audit.onTop(position.lastUpdateId, top) : undefined);
  }

  function disagree(detail: string | undefined): Outcome[] {
    if (detail === undefined) return [];
    const opened = open('ticker', detail);
    audit.clear();
    return [...opened, ...ask('gap')];
  }

  function keep(diff: DepthDiff, receivedAtMs: number): Outcome[] {
    const last = buffer.last();
    const dropped: Outcome[] = [];
    if (last !== undefined) {
      const at = { lastUpdateId: last.lastUpdateId, eventTimeMs: last.eventTimeMs, isFresh: false };
      const relation = relationOf(market, at, diff);
      if (relation === 'old') return [{ kind: 'dropped', why: 'duplicate' }];
      // Whatever snapshot the diffs before the hole would fit, it would end at the hole.
      if (relation !== 'next') dropped.push(...buffer.clear().map(() => ({ kind: 'dropped', why: 'old' }) as const));
    }
    const overflown = buffer.push(diff, receivedAtMs);
    if (overflown === 0) return dropped;
    const lost = Array.from({ length: overflown }, () => ({ kind: 'dropped', why: 'overflow' }) as const);
    return [...dropped, ...lost];
  }

  function onDiffLive(diff: DepthDiff, receivedAtMs: number): Outcome[] {
    const relation = relationOf(market, position, diff);
    switch (relation) {
      case 'old':
        return [{ kind: 'dropped', why: position.isFresh ? 'old' : 'duplicate' }];
      case 'next': {
        const outcomes = apply(diff, receivedAtMs);
        if (state === 'waiting') return outcomes;
        return [...outcomes, ...goDeeper(diff, receivedAtMs)];
      }
      default: {
        const continues = diff.previousUpdateId ?? diff.firstUpdateId - 1;
        const detail =
          relation === 'reset'
            ? `ids went back from ${position.lastUpdateId} to ${diff.firstUpdateId}`
            : `update ${diff.lastUpdateId} continues ${continues}, not ${position.lastUpdateId}`;
        const opened = open('sequence', detail);
        return [...opened, ...keep(diff, receivedAtMs), ...ask('gap')];
      }
    }
  }

  /** After a diff was applied: asks for a deeper snapshot when it is time to, or takes the one that was waiting for this diff. */
  function goDeeper(diff: DepthDiff, receivedAtMs: number): Outcome[] {
    if (deepening !== undefined) {
      if (buffer.push(diff, receivedAtMs) > 0) deepening = undefined;
      else if (deepening.snapshot !== undefined) return takeDeeper(deepening.snapshot, receivedAtMs);
      return [];
    }
    if (isAsked || !isShallow()) return [];
    if (now() - liveSinceMs >= settledAfterMs) attempts = 0;
    buffer.clear();
    deepening = { fromUpdateId: position.lastUpdateId, snapshot: undefined };
    return ask('deepen');
  }

  function isShallow(): boolean {
    return (
      (book.bidFloor !== null && book.knownCount('bid') < loaded.bid * deepenBelow) ||
      (book.askCeiling !== null && book.knownCount('ask') < loaded.ask * deepenBelow)
    );
  }

  /** Puts a newer snapshot under a live book: the snapshot, and the diffs since it. */
  function takeDeeper(snapshot: DepthSnapshot, receivedAtMs: number): Outcome[] {
    if (deepening === undefined) return [];
    if (snapshot.lastUpdateId > position.lastUpdateId) {
      deepening.snapshot = snapshot;
      return [];
    }
    const { fromUpdateId } = deepening;
    deepening = undefined;
    const since = buffer.clear();
    if (snapshot.lastUpdateId < fromUpdateId) return [];
    const loadedTop = load(snapshot);
    if (loadedTop === undefined) return [];
    for (const { diff } of since) if (diff.lastUpdateId > snapshot.lastUpdateId) book.apply(diff);
    return [{ kind: 'joined', snapshot, receivedAtMs, top: loadedTop }];
  }

  /** Undefined, with the book as it was, if the snapshot is no book. */
  function load(snapshot: DepthSnapshot): BookTop | undefined {
    try {
      book.load(snapshot, knownRangeOf(snapshot));
    } catch (error) {
      if (!(error instanceof BookError)) throw error;
      return undefined;
    }
    loaded = { bid: book.knownCount('bid'), ask: book.knownCount('ask') };
    return book.best();
  }

  function join(snapshot: DepthSnapshot, receivedAtMs: number): Outcome[] {
    const fresh = { lastUpdateId: snapshot.lastUpdateId, eventTimeMs: undefined, isFresh: true };
    const first = buffer.diffs().find(({ diff }) => relationOf(market, fresh, diff) !== 'old');
    if (first !== undefined && relationOf(market, fresh, first.diff) !== 'next') return ask('stale');
    const top = load(snapshot);
    if (top === undefined) return ask('failed');
    const eventTimeMs = snapshot.eventTimeMs ?? buffer.last()?.eventTimeMs;
    position = { lastUpdateId: snapshot.lastUpdateId, eventTimeMs, isFresh: true };
    state = 'live';
    liveSinceMs = now();
    const outcomes: Outcome[] = [{ kind: 'joined', snapshot, receivedAtMs, top }];
    if (gap !== undefined) {
      const closed = { ...gap, toUpdateId: snapshot.lastUpdateId, closedAtMs: now() };
      gap = undefined;
      outcomes.push({ kind: 'closed', gap: closed });
    }
    // Not compared with the ticker: a snapshot of futures may be a little ahead of its own id.
    outcomes.push(...checkCrossed());
    for (const { diff, receivedAtMs: diffReceivedAtMs } of buffer.clear())
      outcomes.push(...(state === 'live' ? onDiffLive(diff, diffReceivedAtMs) : onDiffWaiting(diff, diffReceivedAtMs)));
    return outcomes;
  }

  function onDiffWaiting(diff: DepthDiff, receivedAtMs: number): Outcome[] {
    const kept = keep(diff, receivedAtMs);
    const isOverflow = kept.some((outcome) => outcome.kind === 'dropped' && outcome.why === 'overflow');
    if (isOverflow && gap === undefined) {
      gap = {
        symbol,
        reason: 'overflow',
        fromUpdateId: position.lastUpdateId,
        toUpdateId: null,
        openedAtMs: now(),
        closedAtMs: null,
        detail: `more than ${bufferBytesMax} bytes of updates came before a snapshot`,
      };
      kept.push({ kind: 'opened', gap });
    }
    return [...kept, ...ask('start')];
  }

  return {
    onConnect: () => (state === 'waiting' ? ask(gap === undefined ? 'start' : 'gap') : []),
    onDiff: (diff, receivedAtMs) =>
      state === 'live' ? onDiffLive(diff, receivedAtMs) : onDiffWaiting(diff, receivedAtMs),
    onTicker(ticker) {
      const wrong = audit.onTicker(ticker);
      return state === 'live' ? disagree(wrong) : [];
    },
    onSnapshot(snapshot, receivedAtMs) {
      isAsked = false;
      return state === 'live' ? takeDeeper(snapshot, receivedAtMs) : join(snapshot, receivedAtMs);
    },
    onSnapshotFailed() {
      isAsked = false;
      deepening = undefined;
      return state === 'live' ? [] : ask('failed');
    },
    onGarbage: (reason) => [...open('garbage', reason), ...ask('gap')],
    onDisconnect(detail) {
      audit.clear();
      return open('disconnect', detail);
    },
    book,
    get state() {
      return state;
    },
    get lastUpdateId() {
      return position.lastUpdateId;
    },
    get gap() {
      return gap;
    },
    get auditedCount() {
      return audit.agreed;
    },
    get bufferedBytes() {
      return buffer.bytes;
    },
  };
}

/** A side that is empty is known to be; one whose best may be a level beyond the known range is not. */
function isTopKnown(book: OrderBook, { bid, ask }: BookTop): boolean {
  return (bid !== null || book.bidFloor === null) && (ask !== null || book.askCeiling === null);
}
