import { formatDecimal, parseDecimal } from '../../../../datasets/market/decimal.ts';
import type { BookView } from '../../live/book-view.ts';

/** Best ask less best bid, exactly, and in basis points of their middle; undefined while a side is empty. */
export function spreadOf({
  bids,
  asks,
}: Pick<BookView, 'bids' | 'asks'>): { readonly spread: string; readonly basisPoints: string } | undefined {
  const [bid, ask] = [bids[0]?.[0], asks[0]?.[0]];
  if (bid === undefined || ask === undefined) return undefined;
  const [low, high] = [parseDecimal(bid), parseDecimal(ask)];
  const scale = Math.max(low.scale, high.scale);
  const [bidUnits, askUnits] = [low, high].map((each) => each.units * 10n ** BigInt(scale - each.scale)) as [
    bigint,
    bigint,
  ];
  const spread = askUnits - bidUnits;
  const basisPoints = (Number(spread) / (Number(askUnits + bidUnits) / 2)) * 10_000;
  return { spread: formatDecimal(spread, scale), basisPoints: basisPoints.toFixed(2) };
}

/** How much lies from the best level up to each, as a share of all that is shown. */
export function depthsOf(levels: BookView['bids']): number[] {
  const sizes = levels.map(([, size]) => Number(size));
  const all = sizes.reduce((a, b) => a + b, 0);
  let sum = 0;
  return sizes.map((size) => {
    sum += size;
    return all === 0 ? 0 : sum / all;
  });
}
