import { findNearest } from '../../catalog/nearest.ts';
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
  const near = nearestSymbols(current, symbol);
  const hint = near.length === 0 ? '' : `did you mean ${near.map((name) => `"${name}"`).join(' or ')}? `;
  throw new ProblemError({
    status: 404,
    code: 'unknown-symbol',
    title: 'There is no such symbol',
    detail: `The catalog has no pair "${symbol.slice(0, 60)}"; ${hint}/symbols lists all ${current.catalog.pairs.length}.`,
    near,
  });
}

/** Symbols that a misspelt one may have meant: close in spelling, or the beginning of one. At most three, the closest first. */
export function nearestSymbols({ catalog }: CatalogInForce, symbol: string): string[] {
  const known = catalog.pairs.map((pair) => pair.symbol);
  // `btc-usdt`, `BTC/USDT`: the same name as others write it.
  const word = symbol.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '');
  const near: string[] = [];
  for (const found of known) if (found === word) near.push(found);
  while (near.length < 3) {
    const found = findNearest(
      word,
      known.filter((each) => !near.includes(each)),
    );
    if (found === undefined) break;
    near.push(found);
  }
  const begun = word.length < 3 ? [] : known.filter((each) => each.startsWith(word) && !near.includes(each));
  return [...near, ...begun].slice(0, 3);
}
