import { nearestFew } from '../../catalog/nearest.ts';
import type { Pair } from '../../catalog/schema/pair.ts';
import { ProblemError } from '../runtime/http-problem.ts';
import type { CatalogInForce } from '../runtime/live-catalog.ts';

/** A pair by its symbol, in whatever case; undefined when the catalog has none. */
export function findPair({ catalog }: CatalogInForce, symbol: string): Pair | undefined {
  const upper = symbol.toUpperCase();
  return catalog.pairs.find((pair) => pair.symbol === upper);
}

/** The pair of that symbol, in whatever case. Throws a 404 that names the symbols closest to it. */
export function getPair(current: CatalogInForce, symbol: string): Pair {
  const found = findPair(current, symbol);
  if (found !== undefined) return found;
  // `btc-usdt`, `BTC/USDT`: the same name as others write it.
  const word = symbol.replaceAll(/[^a-z0-9]+/gi, '');
  const near = nearestFew(
    word,
    current.catalog.pairs.map((pair) => pair.symbol),
  );
  const hint = near.length === 0 ? '' : `did you mean ${near.map((name) => `"${name}"`).join(' or ')}? `;
  throw new ProblemError({
    status: 404,
    code: 'unknown-symbol',
    title: 'There is no such symbol',
    detail: `The catalog has no pair "${symbol.slice(0, 60)}"; ${hint}/symbols lists all ${current.catalog.pairs.length}.`,
    near,
  });
}
