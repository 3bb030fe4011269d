import type { Catalog } from '../../../catalog/schema/catalog.ts';
import type { CatalogInForce, LiveCatalog } from '../live-catalog.ts';

/** A catalog that the test changes. */
export interface TestCatalog extends LiveCatalog {
  /** Puts other lists in force; those that are left out stay. */
  put(lists: Partial<Catalog>): void;
}

const empty: Catalog = {
  ...{ networks: [], pairs: [], channels: [], protocols: [], pools: [], services: [] },
  ...{ plans: [], owners: [], machines: [], topics: [], components: [] },
};

/** A catalog of these lists, the others empty, as if read from files that are well. */
export function liveCatalogOf(lists: Partial<Catalog>): TestCatalog {
  const listeners = new Set<(current: CatalogInForce) => void>();
  let current = inForce({ ...empty, ...lists });
  return {
    current: () => current,
    refused: () => [],
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    put: (changed) => {
      current = inForce({ ...current.catalog, ...changed });
      for (const listener of listeners) listener(current);
    },
  };
}

function inForce(catalog: Catalog): CatalogInForce {
  return { catalog, networks: catalog.networks, digest: 'sha256:test', since: new Date(0) };
}
