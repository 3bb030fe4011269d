import { isSameDecimal } from '../datasets/market/decimal.ts';
import type { BookTop } from '../datasets/market/order-book.ts';
import type { BookTicker } from './binance/messages.ts';

/**
 * Compares the best of a book after each update with what the exchange's own ticker says, whichever of them comes first. The
 * ticker speaks whenever the best changes, with the id of the update that changed it; so the best at id u is that of the last
 * ticker with an id up to u, which is certain once a ticker with a higher id came.
 */
export interface TickerAudit {
  /** The book's best at `updateId`. Gives what disagrees, if anything does. */
  onTop(updateId: number, top: BookTop): string | undefined;
  onTicker(ticker: BookTicker): string | undefined;
  /** Tickers may be missing from here on: nothing of before counts. */
  clear(): void;
  /** The book starts anew: what it said before does not count, the tickers do. */
  clearTops(): void;
  /** Tops that were found to be right. */
  readonly agreed: number;
}

/** More are not kept: the oldest tops go unaudited. 100 ms of the busiest symbol has some hundred. */
const keptMax = 1024;

/** Updates one after the other with the same best. Only its first and its last id are compared: a quiet ticker piles up nothing. */
interface Run {
  fromUpdateId: number;
  toUpdateId: number;
  readonly top: BookTop;
}

export function createTickerAudit(): TickerAudit {
  let runs: Run[] = [];
  let tickers: BookTicker[] = [];
  let agreed = 0;

  /** Tickers before the one that tells of the oldest run are of no more use. */
  function forgetTickers(updateId: number): void {
    let of = 0;
    while (of + 1 < tickers.length && (tickers[of + 1] as BookTicker).updateId <= updateId) of++;
    if (of > 0) tickers.splice(0, of);
  }

  function settle(): string | undefined {
    for (let run = runs[0]; run !== undefined; run = runs[0]) {
      forgetTickers(run.fromUpdateId);
      const [ticker, after] = tickers;
      if (ticker === undefined || after === undefined) return undefined;
      if (ticker.updateId <= run.fromUpdateId) {
        if (!isTopOf(ticker, run.top)) return disagreement(run, ticker);
        agreed++;
      }
      if (run.fromUpdateId === run.toUpdateId || after.updateId > run.toUpdateId) runs.shift();
      else run.fromUpdateId = run.toUpdateId;
    }
    return undefined;
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
      if (last !== undefined && ticker.updateId <= last.updateId) return undefined;
      tickers.push(ticker);
      if (tickers.length > keptMax) tickers.shift();
      return settle();
    },
    clear() {
      runs = [];
      tickers = [];
    },
    clearTops() {
      runs = [];
    },
    get agreed() {
      return agreed;
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

function disagreement({ fromUpdateId, top }: Run, ticker: BookTicker): string {
  const book = `${top.bidSize} @ ${top.bid} | ${top.askSize} @ ${top.ask}`;
  const said = `${ticker.bidSize} @ ${ticker.bid} | ${ticker.askSize} @ ${ticker.ask}`;
  return `at update ${fromUpdateId} the best of the book is ${book}, but ticker ${ticker.updateId} says ${said}`;
}
