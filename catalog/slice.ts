import { getEntry } from './load.ts';
import { digestOf } from './lock.ts';
import type { Catalog } from './schema/catalog.ts';

export interface CatalogSlice {
  service: string;
  /** Of the slice alone: what the service does not read cannot change it. */
  digest: string;
  catalog: Partial<Catalog>;
}

/** The kinds one service reads (its `reads`). Throws a RangeError for an unknown service. */
export function sliceOf(catalog: Catalog, serviceId: string): CatalogSlice {
  const { reads } = getEntry(catalog, 'services', serviceId);
  const slice: Partial<Catalog> = Object.fromEntries(reads.map((key) => [key, catalog[key]]));
  return { service: serviceId, digest: digestOf(slice), catalog: slice };
}
