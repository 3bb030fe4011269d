import { withEnvironment } from '../../../catalog/environment.ts';
import type { Catalog } from '../../../catalog/schema/catalog.ts';
import type { PoolStore } from '../../../catalog/schema/pool.ts';
import type { Manifest } from '../../emit/manifest.ts';
import type { RenderInputs } from '../../inputs.ts';
import { storeUnits } from '../units.ts';

/** The inputs at the sizes of their environment. */
export function sized(inputs: RenderInputs): RenderInputs {
  return { ...inputs, catalog: withEnvironment(inputs.catalog, inputs.environment) };
}

/** The inputs with every store changed alike. */
export function withStores(inputs: RenderInputs, change: Partial<PoolStore>): RenderInputs {
  const pools = inputs.catalog.pools.map((pool) => ({
    ...pool,
    stores: pool.stores.map((store) => ({ ...store, ...change })),
  }));
  const catalog: Catalog = { ...inputs.catalog, pools };
  return { ...inputs, catalog };
}

/** Every object of the stores, of one pool or of all. */
export function allOf(inputs: RenderInputs, pool?: string): Manifest[] {
  return storeUnits(inputs)
    .filter(({ place }) => pool === undefined || place.pool === pool)
    .flatMap((unit) => unit.render());
}

export function ofKind(inputs: RenderInputs, kind: string, pool?: string): Manifest[] {
  return allOf(inputs, pool).filter((manifest) => manifest.kind === kind);
}

export function nameOf({ kind, metadata }: Manifest): string {
  return `${kind}/${metadata.name}`;
}

/** What stands at a path of keys and indexes. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce((inner: unknown, key) => {
    return typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined;
  }, value);
}
