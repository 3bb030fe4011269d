import type { Gap, GapReason } from '../datasets/market/record.ts';

/** An update and when it was, by the exchange's clock. */
export interface Moment {
  readonly updateId: number;
  readonly timeMs: number;
}

/** The gaps of one book, one at a time, each with a name of its own. */
export interface GapKeeper {
  /** After what was held last; undefined if a gap is open already. */
  open(reason: GapReason, from: Moment, detail: string): Gap | undefined;
  /** What the new book starts from; undefined if none was open. */
  close(to: Moment): Gap | undefined;
  readonly current: Gap | undefined;
}

export function createGapKeeper(symbol: string): GapKeeper {
  let current: Gap | undefined;
  let last: Gap | undefined;

  return {
    open(reason, { updateId: fromUpdateId, timeMs }, detail) {
      if (current !== undefined) return undefined;
      // Another one after the same update, of a symbol that was quiet between them, must not be taken for the first.
      const openedAtMs =
        last?.fromUpdateId === fromUpdateId && timeMs <= last.openedAtMs ? last.openedAtMs + 1 : timeMs;
      current = {
        symbol,
        stream: 'book',
        reason,
        fromUpdateId,
        toUpdateId: null,
        openedAtMs,
        closedAtMs: null,
        detail,
      };
      last = current;
      return current;
    },
    close({ updateId: toUpdateId, timeMs }) {
      if (current === undefined) return undefined;
      const closed = { ...current, toUpdateId, closedAtMs: Math.max(timeMs, current.openedAtMs) };
      current = undefined;
      return closed;
    },
    get current() {
      return current;
    },
  };
}
