import { nearestFew } from '../../../catalog/nearest.ts';
import type { Refusal } from './client-message.ts';

const shownMax = 10;

/** What to answer to names of networks or symbols of which the catalog does not have all; undefined when it has. */
export function refusalOfUnknown(
  kind: 'network' | 'symbol',
  names: readonly string[],
  known: readonly string[],
): Omit<Refusal, 'id'> | undefined {
  const held = new Set(known);
  const unknown = names.filter((name) => !held.has(name));
  if (unknown.length === 0) return undefined;
  const shown = unknown.slice(0, shownMax);
  const rest = unknown.length > shownMax ? ` and ${unknown.length - shownMax} more` : '';
  const listed = shown.map((name) => JSON.stringify(name)).join(', ');
  // As others write them: `btc-usdt`, `arbitrum-one`.
  const joint = kind === 'network' ? '_' : '';
  const nearOf = (name: string): string[] => nearestFew(name.replaceAll(/[^a-z0-9]+/gi, joint), known);
  return {
    code: `unknown-${kind}`,
    detail: `the catalog has no ${kind} ${listed}${rest}; nothing was changed`,
    near: [...new Set(shown.flatMap(nearOf))],
  };
}
