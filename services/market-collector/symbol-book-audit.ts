import { isSameDecimal } from '../datasets/market/decimal.ts';
import type { BookTop } from '../datasets/market/order-book.ts';
import type { BookTicker } from './binance/messages.ts';
import type { Moment } from './symbol-book-gap.ts';

/**
 * Compares the best of a book after each update with what the exchange's own ticker says, whichever of them comes first. The
 * ticker speaks whenever the best changes, with the id of the update that changed it; so the best at id u is that of the last
 * ticker with an id up to u, which is certain once a ticker with a higher id came.
 */
export interface TickerAudit {
  /** The book's best at an update, of the sides that it knows. Gives the first disagreement that this settles, if any. */
  onTop(at: Moment, top: BookTop, known: KnownSides): string | undefined;
  onTicker(ticker: BookTicker): string | undefined;
  /** Tickers may be missing from here on: nothing of before counts. */
  clear(): void;
  /** The book starts anew: what it said before does not count, the tickers do. */
  clearTops(): void;
  /** Tops that were found to be right, of all. */
  readonly agreedCount: number;
  /** Tops of both sides that were found to be right one after the other, since the last that was wrong or `clearTops`. */
  readonly streak: number;
  /** The newest update whose top was found to be right; undefined if none was since `clearTops`. */
  readonly lastAgreed: Moment | undefined;
}

/** A side that is empty is known to be; one whose best may be a level beyond the known range is not. */
export type KnownSides = 'both' | 'bid' | 'ask';

/** More are not kept: the oldest go uncompared. 100 ms of the busiest symbol has some hundred. */
const keptMax = 512;

/** Updates one after the other with the same best. Only its first and its last id are compared: a quiet ticker piles up nothing. */
interface Run {
  from: Moment;
  to: Moment;
  readonly top: BookTop;
  readonly known: KnownSides;
}

export function createTickerAudit(): TickerAudit {
  let runs: Run[] = [];
  let tickers: BookTicker[] = [];
  let agreedCount = 0;
  let streak = 0;
  let lastAgreed: Moment | undefined;

  /** Tickers before the one that tells of the oldest run are of no more use. */
  function forgetTickers(updateId: number): void {
    let of = 0;
    while (of + 1 < tickers.length && (tickers[of + 1] as BookTicker).updateId <= updateId) of++;
    if (of > 0) tickers.splice(0, of);
  }

  function compare(run: Run, ticker: BookTicker): string | undefined {
    if (isTopOf(ticker, run.top, run.known)) {
      agreedCount++;
      // Half of it proves nothing of the other half.
      if (run.known !== 'both') return undefined;
      streak++;
      lastAgreed = run.from;
      return undefined;
    }
    streak = 0;
    return describeDisagreement(run, ticker);
  }

  function settle(): string | undefined {
    let found: string | undefined;
    for (let run = runs[0]; run !== undefined; run = runs[0]) {
      forgetTickers(run.from.updateId);
      const [ticker, after] = tickers;
      if (ticker === undefined || after === undefined) return found;
      // A ticker beyond the update says nothing of it.
      const disagreement = ticker.updateId <= run.from.updateId ? compare(run, ticker) : undefined;
      found ??= disagreement;
      if (run.from === run.to || after.updateId > run.to.updateId) runs.shift();
      else run.from = run.to;
    }
    return found;
  }

  return {
    onTop(at, top, known) {
      const last = runs.at(-1);
      if (last !== undefined && last.known === known && isSameTop(last.top, top)) last.to = at;
      else runs.push({ from: at, to: at, top, known });
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
      lastAgreed = undefined;
    },
    get agreedCount() {
      return agreedCount;
    },
    get streak() {
      return streak;
    },
    get lastAgreed() {
      return lastAgreed;
    },
  };
}

function isSameTop(a: BookTop, b: BookTop): boolean {
  return a.bid === b.bid && a.bidSize === b.bidSize && a.ask === b.ask && a.askSize === b.askSize;
}

/** Whether the ticker says the same of the known sides. Of an empty side it says 0. */
export function isTopOf(ticker: BookTicker, top: BookTop, known: KnownSides): boolean {
  const isBid =
    known === 'ask' || (isSameDecimal(ticker.bid, top.bid ?? '0') && isSameDecimal(ticker.bidSize, top.bidSize ?? '0'));
  return (
    isBid &&
    (known === 'bid' ||
      (isSameDecimal(ticker.ask, top.ask ?? '0') && isSameDecimal(ticker.askSize, top.askSize ?? '0')))
  );
}

function describeDisagreement({ from, top }: Run, ticker: BookTicker): string {
  const book = `${top.bidSize} @ ${top.bid} | ${top.askSize} @ ${top.ask}`;
  const said = `${ticker.bidSize} @ ${ticker.bid} | ${ticker.askSize} @ ${ticker.ask}`;
  return `at update ${from.updateId} the best of the book is ${book}, but ticker ${ticker.updateId} says ${said}`;
}
