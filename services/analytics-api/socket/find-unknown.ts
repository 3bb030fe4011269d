import type { CatalogInForce } from '../../runtime/live-catalog.ts';
import type { Refusal } from '../../runtime/socket/client-message.ts';
import { nearestIds } from '../network-view.ts';

const shownMax = 10;

/** What to answer to names of which the catalog does not have all; undefined when it has. */
export function findUnknown(
  { catalog, networks }: CatalogInForce,
  kind: 'network' | 'symbol',
  names: readonly string[],
): Omit<Refusal, 'id'> | undefined {
  const known = kind === 'network' ? networks.map(({ id }) => id) : catalog.pairs.map(({ symbol }) => symbol);
  const held = new Set(known);
  const unknown = names.filter((name) => !held.has(name));
  if (unknown.length === 0) return undefined;
  const shown = unknown.slice(0, shownMax);
  const rest = unknown.length > shownMax ? ` and ${unknown.length - shownMax} more` : '';
  const listed = shown.map((name) => JSON.stringify(name)).join(', ');
  return {
    code: `unknown-${kind}`,
    detail: `the catalog has no ${kind} ${listed}${rest}; nothing was changed`,
    near: [...new Set(shown.flatMap((name) => nearestIds(name, known)))],
  };
}
