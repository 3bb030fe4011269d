import type { MarketRecord } from './record.ts';

/**
 * Whether a depth record leads on from an update of its book, or overlaps with it, so that nothing is missing between them. Its row
 * tells by the rule of its market: on spot where it begins (`U`), on futures what it follows (`pu`). Behind a snapshot both may reach
 * back before it.
 */
export function isNext(
  { firstUpdateId, previousUpdateId }: Pick<MarketRecord, 'firstUpdateId' | 'previousUpdateId'>,
  updateId: number,
): boolean {
  return (previousUpdateId ?? (firstUpdateId ?? 0) - 1) <= updateId;
}
