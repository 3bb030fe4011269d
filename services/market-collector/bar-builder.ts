import { type Bar, type BarBook, depthBps } from '../datasets/market/bar.ts';
import type { BookTop, Side } from '../datasets/market/order-book.ts';
import { findTradeUnits, foldTrade, type TradeFold, tradesOf } from './bar-builder-fold.ts';
import { createTradeIds } from './bar-builder-trade-ids.ts';
import type { Trade } from './binance/messages.ts';

/** What is read of a book at the end of a second. */
export interface BarSource {
  best(): BookTop;
  depthWithin(side: Side, bps: number): string | null;
  quoteWithin(side: Side, bps: number): string | null;
}

export interface BarBuilderOptions {
  readonly symbol: string;
  /** The symbol's book, which changes beside the builder. */
  readonly book: BarSource;
  /** A second is told so long after its end, for what is late on its way. By the exchange's clock. */
  readonly latenessMs?: number;
  /** When nothing comes for so long, our clock takes the place of the exchange's, as much later. */
  readonly quietMs?: number;
  /** A second is told again when something of it comes within so long after its end. */
  readonly retainedSeconds?: number;
}

/**
 * Bars of one symbol. A trade is of the second of its trade time, the book is what it was after the last update with an event time
 * in the second. Which seconds are over is told by the newest of these times; `arrivedAtMs` and `nowMs` only count what has passed
 * since that came. They are of one clock, which nobody may set.
 */
export interface BarBuilder {
  /** Call before the book is given an update, with the update's event time: it may belong to the next second already. */
  beforeUpdate(eventTimeMs: number, arrivedAtMs: number): void;
  /** The book has become whole, by the update last announced. */
  onBookLive(): void;
  /** The book is not to be trusted from the update last announced on, nor what was told of it since. */
  onBookLost(): void;
  /** tooLate, unreadable: it is not counted, and the bar says that trades are missing. */
  onTrade(trade: Trade, arrivedAtMs: number): 'counted' | 'duplicate' | 'tooLate' | 'unreadable';
  /** Trades may have been missed since the last event. If none were, the next one proves it. */
  onTradesBroken(): void;
  /** Bars of the seconds that are over now, and of older ones in which something has changed. Call it once a second or oftener. */
  close(nowMs: number): Bar[];
  /** All that is left, at the end: the seconds that were not over are told as far as they are known, and as not whole. */
  closeAll(): Bar[];
}

interface Second {
  readonly start: number;
  fold: TradeFold | undefined;
  book: BarBook | null;
  isBookWhole: boolean;
  /** As it was told last. */
  isTradesWhole: boolean;
  isChanged: boolean;
  revision: number;
}

/** Times of the exchange further apart than this are no silence and no lateness: its clock was set, or a recording begins again. */
const jumpSeconds = 3600;

/** The end of what the store's DateTime holds. */
const timeMsMax = 2 ** 32 * 1000;

export function createBarBuilder(options: BarBuilderOptions): BarBuilder {
  const { symbol, book, latenessMs = 500, quietMs = 1500, retainedSeconds = 60 } = options;
  /** By its number; ascending but for those that came late. */
  const seconds = new Map<number, Second>();
  const ids = createTradeIds();
  let newestMs = Number.NEGATIVE_INFINITY;
  let newestArrivedAtMs = 0;
  /** Seconds below are over. */
  let closedTo = Number.NEGATIVE_INFINITY;
  /** Of seconds below the book at their end is settled. */
  let bookTo = Number.NEGATIVE_INFINITY;
  let updateMs = Number.NEGATIVE_INFINITY;
  let appliedMs = Number.NEGATIVE_INFINITY;
  let liveFromMs: number | undefined;
  /** What the book looks like, as long as it does not change. */
  let seen: BarBook | undefined;
  let isOldChanged = false;
  /** Told before the clock jumped back. */
  let before: Bar[] = [];

  function secondOf(start: number): Second {
    const found = seconds.get(start);
    if (found !== undefined) return found;
    const blank = {
      fold: undefined,
      book: null,
      isBookWhole: false,
      isTradesWhole: false,
      isChanged: true,
      revision: 0,
    };
    const second: Second = { start, ...blank };
    seconds.set(start, second);
    return second;
  }

  function change(second: Second): void {
    second.isChanged = true;
    if (second.start < closedTo) isOldChanged = true;
  }

  function onTime(eventTimeMs: number, arrivedAtMs: number): void {
    if (eventTimeMs <= newestMs) return;
    newestMs = eventTimeMs;
    newestArrivedAtMs = arrivedAtMs;
  }

  function settleBook(to: number): void {
    if (to <= bookTo) return;
    if (liveFromMs !== undefined && to - bookTo <= jumpSeconds) {
      seen ??= bookOf(book);
      for (let start = bookTo; start < to; start++) {
        const second = secondOf(start);
        second.book = seen;
        second.isBookWhole = liveFromMs <= start * 1000;
        change(second);
      }
    }
    bookTo = to;
  }

  /** The exchange's clock went back: begins anew from there. */
  function restart(eventTimeMs: number): void {
    before.push(...tellLeft());
    seconds.clear();
    newestMs = updateMs = Number.NEGATIVE_INFINITY;
    closedTo = bookTo = Math.floor(eventTimeMs / 1000);
    if (liveFromMs !== undefined) liveFromMs = eventTimeMs;
  }

  function tellLeft(): Bar[] {
    const left = [...seconds.values()].filter((second) => second.isChanged && isKnown(second));
    return left.map((second) => tell(second, second.start < closedTo)).sort(byTime);
  }

  /** After something was learnt of trades that are, or are not, missing. */
  function checkWhole(): void {
    for (const second of seconds.values())
      if (second.revision > 0 && second.isTradesWhole !== ids.isWhole(second.start)) change(second);
  }

  function tell(second: Second, isOver: boolean): Bar {
    second.isChanged = false;
    second.revision++;
    second.isTradesWhole = isOver && ids.isWhole(second.start);
    return {
      symbol,
      timeMs: second.start * 1000,
      traded: second.fold === undefined ? null : tradesOf(second.fold),
      isTradesWhole: second.isTradesWhole,
      book: second.book,
      isBookWhole: isOver && second.isBookWhole,
      revision: second.revision,
    };
  }

  return {
    beforeUpdate(eventTimeMs, arrivedAtMs) {
      seen = isTime(eventTimeMs) ? seen : undefined;
      if (!isTime(eventTimeMs)) return;
      if (eventTimeMs < newestMs - jumpSeconds * 1000) restart(eventTimeMs);
      onTime(eventTimeMs, arrivedAtMs);
      settleBook(Math.floor(eventTimeMs / 1000));
      seen = undefined;
      // A snapshot made it live before any update came.
      if (liveFromMs === Number.NEGATIVE_INFINITY) liveFromMs = eventTimeMs;
      appliedMs = updateMs;
      updateMs = eventTimeMs;
    },
    onBookLive() {
      liveFromMs = updateMs;
      seen = undefined;
    },
    onBookLost() {
      if (liveFromMs === undefined) return;
      liveFromMs = undefined;
      for (const second of seconds.values()) {
        if ((second.start + 1) * 1000 <= appliedMs || second.book === null) continue;
        second.book = null;
        second.isBookWhole = false;
        change(second);
      }
    },
    onTrade(trade, arrivedAtMs) {
      const units = findTradeUnits(trade);
      if (units === undefined || !isTime(trade.tradeTimeMs)) {
        ids.doubt(Math.floor(newestMs / 1000));
        checkWhole();
        return 'unreadable';
      }
      onTime(trade.tradeTimeMs, arrivedAtMs);
      const start = Math.floor(trade.tradeTimeMs / 1000);
      if (start < closedTo - retainedSeconds) return 'tooLate';
      const added = ids.add(trade.tradeId, start);
      if (added === 'duplicate') return 'duplicate';
      const second = secondOf(start);
      second.fold = foldTrade(second.fold, trade, units);
      change(second);
      if (added === 'other') checkWhole();
      return 'counted';
    },
    onTradesBroken() {
      ids.doubt(Math.floor(newestMs / 1000));
      checkWhole();
    },
    close(nowMs) {
      const passedMs = Math.max(0, nowMs - newestArrivedAtMs - quietMs);
      const to = Math.floor((newestMs + passedMs - latenessMs) / 1000);
      const bars = before;
      before = [];
      if (!(to > closedTo || isOldChanged)) return bars;
      settleBook(to);
      closedTo = Math.max(closedTo, to);
      isOldChanged = false;
      for (const second of seconds.values()) {
        if (second.start >= closedTo) continue;
        if (second.isChanged && isKnown(second)) bars.push(tell(second, true));
        if (second.start < closedTo - retainedSeconds) seconds.delete(second.start);
      }
      ids.forgetBefore(closedTo - retainedSeconds);
      return bars.sort(byTime);
    },
    closeAll() {
      return [...before.splice(0), ...tellLeft()];
    },
  };
}

function byTime(a: Bar, b: Bar): number {
  return a.timeMs - b.timeMs;
}

/** Whether there is something to tell, or to take back. */
function isKnown({ fold, book, revision }: Second): boolean {
  return fold !== undefined || book !== null || revision > 0;
}

function isTime(ms: number): boolean {
  return ms >= 0 && ms < timeMsMax;
}

function bookOf(book: BarSource): BarBook {
  const depths = depthBps.map((bps) => ({
    bid: keptOf(book.depthWithin('bid', bps)),
    ask: keptOf(book.depthWithin('ask', bps)),
    bidQuote: keptOf(book.quoteWithin('bid', bps)),
    askQuote: keptOf(book.quoteWithin('ask', bps)),
  }));
  return { ...book.best(), depths };
}

/** Without zeros at the end; null for what the store could not keep exactly, in 20 digits before and 18 after the point. */
function keptOf(text: string | null): string | null {
  if (text === null) return null;
  const kept = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return /^\d{1,20}(\.\d{1,18})?$/.test(kept) ? kept : null;
}
