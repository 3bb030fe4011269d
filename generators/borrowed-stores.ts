import type { StoreKind } from '../catalog/schema/common.ts';
import type { Pool } from '../catalog/schema/pool.ts';
import type { RenderInputs } from './inputs.ts';

/** Pools that borrow a store of this one, by id: sorted. */
export function borrowersOf({ id }: Pick<Pool, 'id'>, kind: StoreKind, { pools }: RenderInputs['catalog']): string[] {
  return pools
    .filter(({ borrows = [] }) => borrows.some((store) => store.kind === kind && store.from === id))
    .map((pool) => pool.id)
    .sort();
}

/** Whether the pool has the store from another. */
export function isBorrowed({ borrows = [] }: Pick<Pool, 'borrows'>, kind: StoreKind): boolean {
  return borrows.some((store) => store.kind === kind);
}
