import { isSameDecimal } from '../datasets/market/decimal.ts';
import type { BookTop } from '../datasets/market/order-book.ts';
import type { BookTicker } from './binance/messages.ts';

/**
 * Compares the best of a book after each update with what the exchange's own ticker says, whichever of them comes first. The
 * ticker speaks whenever the best changes, with the id of the update that changed it; so the best at id u is that of the last
 * ticker with an id up to u, which is certain once a ticker with a higher id came.
 */
export interface TickerAudit {
  /** The book's best at `updateId`. Gives the first disagreement that this settles, if any. */
  onTop(updateId: number, top: BookTop): string | undefined;
  onTicker(ticker: BookTicker): string | undefined;
  /** Tickers may be missing from here on: nothing of before counts. */
  clear(): void;
  /** The book starts anew: what it said before does not count, the tickers do. */
  clearTops(): void;
  /** Tops that were found to be right, of all. */
  readonly agreedCount: number;
  /** Tops that were found to be right one after the other, since the last that was wrong or `clearTops`. */
  readonly streak: number;
  /** The newest update whose top was found to be right; 0 if none was since `clearTops`. */
  readonly lastAgreedId: number;
}

/** More are not kept: the oldest go uncompared. 100 ms of the busiest symbol has some hundred. */
const keptMax = 512;

/** Updates one after the other with the same best. Only its first and its last id are compared: a quiet ticker piles up nothing. */
interface Run {
  fromUpdateId: number;
  toUpdateId: number;
  readonly top: BookTop;
}

export function createTickerAudit(): TickerAudit {
  let runs: Run[] = [];
  let tickers: BookTicker[] = [];
  let agreedCount = 0;
  let streak = 0;
  let lastAgreedId = 0;

  /** Tickers before the one that tells of the oldest run are of no more use. */
  function forgetTickers(updateId: number): void {
    let of = 0;
    while (of + 1 < tickers.length && (tickers[of + 1] as BookTicker).updateId <= updateId) of++;
    if (of > 0) tickers.splice(0, of);
  }

  function compare(run: Run, ticker: BookTicker): string | undefined {
    if (isTopOf(ticker, run.top)) {
      agreedCount++;
      streak++;
      lastAgreedId = run.fromUpdateId;
      return undefined;
    }
    streak = 0;
    return describeDisagreement(run, ticker);
  }

  function settle(): string | undefined {
    let found: string | undefined;
    for (let run = runs[0]; run !== undefined; run = runs[0]) {
      forgetTickers(run.fromUpdateId);
      const [ticker, after] = tickers;
      if (ticker === undefined || after === undefined) return found;
      // A ticker beyond the update says nothing of it.
      const disagreement = ticker.updateId <= run.fromUpdateId ? compare(run, ticker) : undefined;
      found ??= disagreement;
      if (run.fromUpdateId === run.toUpdateId || after.updateId > run.toUpdateId) runs.shift();
      else run.fromUpdateId = run.toUpdateId;
    }
    return found;
  }

  return {
    onTop(updateId, top) {
      const last = runs.at(-1);
      if (last !== undefined && isSameTop(last.top, top)) last.toUpdateId = updateId;
      else runs.push({ fromUpdateId: updateId, toUpdateId: updateId, top });
      if (runs.length > keptMax) runs.shift();
      return settle();
    },
    onTicker(ticker) {
      const last = tickers.at(-1);
      // Another socket's copy.
      if (last !== undefined && ticker.updateId <= last.updateId) return undefined;
      tickers.push(ticker);
      if (tickers.length > keptMax) tickers.shift();
      return settle();
    },
    clear() {
      runs = [];
      tickers = [];
      streak = 0;
    },
    clearTops() {
      runs = [];
      streak = 0;
      lastAgreedId = 0;
    },
    get agreedCount() {
      return agreedCount;
    },
    get streak() {
      return streak;
    },
    get lastAgreedId() {
      return lastAgreedId;
    },
  };
}

function isSameTop(a: BookTop, b: BookTop): boolean {
  return a.bid === b.bid && a.bidSize === b.bidSize && a.ask === b.ask && a.askSize === b.askSize;
}

/** The ticker of an empty side says 0. */
function isTopOf(ticker: BookTicker, top: BookTop): boolean {
  return (
    isSameDecimal(ticker.bid, top.bid ?? '0') &&
    isSameDecimal(ticker.bidSize, top.bidSize ?? '0') &&
    isSameDecimal(ticker.ask, top.ask ?? '0') &&
    isSameDecimal(ticker.askSize, top.askSize ?? '0')
  );
}

function describeDisagreement({ fromUpdateId, top }: Run, ticker: BookTicker): string {
  const book = `${top.bidSize} @ ${top.bid} | ${top.askSize} @ ${top.ask}`;
  const said = `${ticker.bidSize} @ ${ticker.bid} | ${ticker.askSize} @ ${ticker.ask}`;
  return `at update ${fromUpdateId} the best of the book is ${book}, but ticker ${ticker.updateId} says ${said}`;
}
