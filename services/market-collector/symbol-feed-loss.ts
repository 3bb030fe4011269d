import type { Gap, GapReason, GapStream } from '../datasets/market/record.ts';
import type { Moment } from './symbol-book-gap.ts';

/** The gaps of a symbol's trades, or of its tickers: from the last one before a loss to the first one after it. */
export interface StreamLoss {
  /** Something will be missed from now on. Before the first one nothing is. */
  onBroken(reason: GapReason, detail: string): void;
  /** The next one, that nothing had before. */
  onNext(at: Moment): void;
  readonly last: Moment | undefined;
}

export function createStreamLoss(
  symbol: string,
  stream: Exclude<GapStream, 'book'>,
  tell: (gap: Gap) => void,
): StreamLoss {
  let last: Moment | undefined;
  let open: Gap | undefined;

  return {
    onBroken(reason, detail) {
      if (last === undefined || open !== undefined) return;
      const { updateId: fromUpdateId, timeMs: openedAtMs } = last;
      open = { symbol, stream, reason, fromUpdateId, toUpdateId: null, openedAtMs, closedAtMs: null, detail };
      tell(open);
    },
    onNext(at) {
      if (open !== undefined) {
        tell({ ...open, toUpdateId: at.updateId, closedAtMs: Math.max(at.timeMs, open.openedAtMs) });
        open = undefined;
      }
      last = at;
    },
    get last() {
      return last;
    },
  };
}
