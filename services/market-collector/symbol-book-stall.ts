import type { BookTicker } from './binance/messages.ts';

/**
 * Finds a depth stream that has died while the tickers go on: a ticker that the updates do not reach for seconds, and a best that
 * the book has not. Of a quiet symbol the first alone means nothing: what changes and changes back between two updates is told
 * by tickers only.
 */
export interface StallWatch {
  /**
   * Call it several times a second. `book` is the live one, undefined while there is none. Gives whether the stream is found to
   * have died just now, or is dead for so long that it is to be told again.
   */
  look(book: StallBook | undefined, ticker: BookTicker | undefined): boolean;
  /** The stream says something. */
  onLife(): void;
  readonly isStalled: boolean;
}

export interface StallBook {
  readonly lastUpdateId: number;
  /** Whether its best is what the ticker says. */
  agrees(ticker: BookTicker): boolean;
}

const stalledAfterMs = 5_000;
const tellAgainAfterMs = 30_000;
/** While we are held up ourselves, nothing that waits to be read counts as silence. */
const stepMsMax = 1_000;

/** `elapsedMs` counts up steadily, whatever is done to the clock. */
export function createStallWatch(elapsedMs: () => number): StallWatch {
  let lookedAtMs = elapsedMs();
  let ahead: { readonly updateId: number; forMs: number } | undefined;
  let stalledForMs: number | undefined;

  return {
    look(book, ticker) {
      const nowMs = elapsedMs();
      const stepMs = Math.min(stepMsMax, nowMs - lookedAtMs);
      lookedAtMs = nowMs;
      if (stalledForMs !== undefined) {
        stalledForMs += stepMs;
        if (stalledForMs < tellAgainAfterMs) return false;
        stalledForMs = 0;
        return true;
      }
      if (ahead !== undefined) ahead.forMs += stepMs;
      if (book === undefined || ticker === undefined) ahead = undefined;
      else {
        if (ahead !== undefined && ahead.updateId <= book.lastUpdateId) ahead = undefined;
        if (ticker.updateId > book.lastUpdateId) {
          if (book.agrees(ticker)) ahead = undefined;
          else ahead ??= { updateId: ticker.updateId, forMs: 0 };
        }
      }
      if (ahead === undefined || ahead.forMs < stalledAfterMs) return false;
      ahead = undefined;
      stalledForMs = 0;
      return true;
    },
    onLife() {
      stalledForMs = undefined;
    },
    get isStalled() {
      return stalledForMs !== undefined;
    },
  };
}
