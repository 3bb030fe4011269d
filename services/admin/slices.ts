import { rpcKeysOf } from '../../catalog/rpc-keys.ts';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { Service } from '../../catalog/schema/service.ts';
import { shardsOf } from '../../catalog/shards.ts';
import { sliceFor } from '../../catalog/slice.ts';

/** What one workload of a service is given of a catalog. */
export interface Slice {
  readonly service: Service;
  /** Null where the service's work is not split. */
  readonly shard: string | null;
  readonly digest: string;
  /** What its pods are told besides that follows from entries: keys of endpoints, and the share of the exchange's budget. */
  readonly variables: readonly string[];
}

const known = new WeakMap<Catalog, readonly Slice[]>();

/** The slices of all services, as they are rendered from the catalog. Computed once for each catalog. */
export function slicesOf(catalog: Catalog): readonly Slice[] {
  const slices = known.get(catalog) ?? catalog.services.flatMap((service) => slicesOfService(service, catalog));
  known.set(catalog, slices);
  return slices;
}

function slicesOfService(service: Service, catalog: Catalog): Slice[] {
  if (service.shards === undefined) {
    return [{ service, shard: null, digest: sliceFor(service, catalog).digest, variables: [] }];
  }
  const shards = shardsOf(service, catalog);
  return shards.map((shard) => ({
    service,
    shard: shard.id,
    digest: sliceFor(service, catalog, shard).digest,
    variables:
      'networks' in shard.catalog
        ? rpcKeysOf(shard.catalog.networks).map(({ secretRef }) => secretRef)
        : [`1/${shards.length}`],
  }));
}
