import type { CatalogInForce } from '../../runtime/live-catalog.ts';
import type { Refusal } from '../../runtime/socket/client-message.ts';
import { refusalOfUnknown } from '../../runtime/socket/refuse-unknown.ts';
import { originalIdOf } from '../aliases.ts';
import { allNetworks, type Subscribe } from './client-message.ts';

type Named = Pick<Subscribe, 'networks' | 'symbols'>;

/** The networks or symbols that a message names as the catalog spells them, each once, or why it cannot be answered. */
export function namesOf(
  { networks, symbols = [] }: Named,
  current: CatalogInForce,
): { readonly names: readonly string[] } | { readonly refusal: Omit<Refusal, 'id'> } {
  if (networks === undefined) {
    const known = current.catalog.pairs.map(({ symbol }) => symbol);
    return checked(
      'symbol',
      symbols.map((symbol) => symbol.toUpperCase()),
      known,
    );
  }
  // Another name of a network is no network of its own.
  if (networks.includes(allNetworks))
    return { names: current.networks.filter(({ aliasOf }) => aliasOf === undefined).map(({ id }) => id) };
  const known = current.networks.map(({ id }) => id);
  return checked(
    'network',
    networks.map((name) => originalIdOf(current, name)),
    known,
  );
}

function checked(kind: 'network' | 'symbol', names: readonly string[], known: readonly string[]) {
  const refusal = refusalOfUnknown(kind, names, known);
  return refusal === undefined ? { names: [...new Set(names)] } : { refusal };
}
