import type { CatalogInForce, LiveCatalog } from '../../runtime/live-catalog.ts';

/** Ids of networks that came into the catalog, left it, or are retired now. */
export interface CatalogChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly retired: readonly string[];
}

/** Tells which networks come and go. `take` is given the catalog first, also the one in force now. */
export function watchNetworks(
  catalog: LiveCatalog,
  take: (current: CatalogInForce) => void,
): { follow(listener: (change: CatalogChange) => void): () => void; stop(): void } {
  const listeners = new Set<(change: CatalogChange) => void>();
  let before = statusesOf(catalog.current());
  take(catalog.current());
  const stop = catalog.subscribe((current) => {
    const now = statusesOf(current);
    const change = {
      added: [...now.keys()].filter((id) => !before.has(id)),
      removed: [...before.keys()].filter((id) => !now.has(id)),
      retired: [...now].filter(([id, status]) => status === 'retired' && (before.get(id) ?? status) !== status),
    };
    before = now;
    take(current);
    const retired = change.retired.map(([id]) => id);
    if (change.added.length + change.removed.length + retired.length === 0) return;
    for (const listener of listeners) listener({ ...change, retired });
  });
  return {
    follow: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop,
  };
}

function statusesOf({ networks }: CatalogInForce): Map<string, string> {
  return new Map(networks.map(({ id, status }) => [id, status]));
}
