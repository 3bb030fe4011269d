import type { DepthDiff, Market } from './binance/messages.ts';

/** Where a book is in the numbering of its symbol. */
export interface Position {
  readonly lastUpdateId: number;
  /** Of the newest diff up to here by the exchange's clock; undefined until one came. */
  readonly eventTimeMs: number | undefined;
  /** No diff was applied since the snapshot. */
  readonly isFresh: boolean;
}

/**
 * next: may be applied · old: the book has all of it (a duplicate, or from before the snapshot) · ahead: updates are missing
 * before it · reset: it happened long after what the book has, with ids before it: the exchange began to count anew.
 */
export type Relation = 'next' | 'old' | 'ahead' | 'reset';

/** Another socket may be behind by less than this, so its duplicates are no reset. By the exchange's clock. */
const resetAfterMs = 10_000;

/**
 * The rules of "How to manage a local order book correctly" of each market's document.
 *
 * Spot: drop u <= last; U may be anything up to last + 1, for levels are absolute. The document says of the first diff
 * U <= lastUpdateId + 1 <= u, and of each after it that U is normally the u before + 1, and that it is only lost if beyond.
 *
 * Futures, both kinds: drop u < lastUpdateId of the snapshot; the first has U <= lastUpdateId <= u; then pu is the u before.
 * Ids are of the whole market, so a snapshot may have an id between two diffs of the symbol. Then no diff has it, but the one
 * after it says by its pu that nothing of the symbol happened in between.
 */
export function relationOf(market: Market, position: Position, diff: DepthDiff): Relation {
  const { lastUpdateId, isFresh } = position;
  const isOld = market !== 'spot' && isFresh ? diff.lastUpdateId < lastUpdateId : diff.lastUpdateId <= lastUpdateId;
  if (isOld) {
    const { eventTimeMs } = position;
    return eventTimeMs !== undefined && diff.eventTimeMs - eventTimeMs > resetAfterMs ? 'reset' : 'old';
  }
  if (market === 'spot') return diff.firstUpdateId <= lastUpdateId + 1 ? 'next' : 'ahead';
  const { previousUpdateId } = diff;
  if (previousUpdateId === undefined) return 'ahead';
  if (!isFresh) return previousUpdateId === lastUpdateId ? 'next' : 'ahead';
  return diff.firstUpdateId <= lastUpdateId || previousUpdateId <= lastUpdateId ? 'next' : 'ahead';
}
