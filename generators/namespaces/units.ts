import { clustersOf } from '../clusters.ts';
import type { RenderInputs } from '../inputs.ts';
import type { Unit } from '../unit.ts';
import { namespaceUnit } from './namespace.ts';

/** The namespaces that a pool lists, on each of its clusters. */
export function namespaceUnits({ catalog, environment }: RenderInputs): Unit[] {
  return catalog.pools.flatMap((pool) =>
    clustersOf(pool).flatMap((cluster) =>
      pool.namespaces.map((namespace) =>
        namespaceUnit({ environment: environment.name, pool: pool.id, cluster, namespace }, pool.owner, [
          `pool/${pool.id}`,
        ]),
      ),
    ),
  );
}
