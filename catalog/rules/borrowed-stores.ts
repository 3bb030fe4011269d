import { suggest } from '../nearest.ts';
import { at, type Rule } from '../rule.ts';
import type { Pool } from '../schema/pool.ts';
import type { CatalogView } from '../view.ts';

export const borrowedStoreRules: readonly Rule[] = [
  {
    code: 'CAT108',
    rule: 'a store that a pool borrows is one that another pool runs, in one place and with a gateway, and lacks itself',
    why: 'there would be no address to reach it at, or two',
    *check(view) {
      for (const entry of view.of('pool')) {
        for (const [index, borrowed] of (entry.value.borrows ?? []).entries()) {
          const { from } = borrowed;
          const message = whyNot(view, entry.value, borrowed);
          if (message === undefined) continue;
          const others = view.ids('pool').filter((id) => id !== entry.id);
          const fix = view.isKnown('pool', from) ? 'name the pool that runs it, or remove this' : suggest(from, others);
          yield at(entry, ['borrows', index, 'from'], message, fix);
        }
      }
    },
  },
];

function whyNot(
  view: CatalogView,
  pool: Pool,
  { kind, from }: NonNullable<Pool['borrows']>[number],
): string | undefined {
  if (from === pool.id) return `pool "${from}" borrows from itself`;
  if (!view.isKnown('pool', from)) return `unknown pool "${from}"`;
  const lender = view.find('pool', from)?.value;
  // It has an error of its own.
  if (lender === undefined) return undefined;
  if (!lender.stores.some((store) => store.kind === kind && !store.managed))
    return `pool "${from}" runs no ${kind} store`;
  if (lender.regions.length !== 1) return `pool "${from}" runs a ${kind} store in each of its regions`;
  if (!view.of('service').some(({ value }) => value.pool === from && value.routes.length > 0))
    return `pool "${from}" has no gateway, since none of its services has a route`;
  if (pool.stores.some((store) => store.kind === kind)) return `pool "${pool.id}" has a ${kind} store of its own`;
  const lenders = (pool.borrows ?? []).filter((store) => store.kind === kind);
  if (lenders.length > 1) return `pool "${pool.id}" borrows more than one ${kind} store`;
  return undefined;
}
