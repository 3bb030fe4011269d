import { borrowersOf } from '../borrowed-stores.ts';
import { clustersOf } from '../clusters.ts';
import { managementCluster } from '../conventions.ts';
import type { RenderInputs } from '../inputs.ts';
import {
  machineNamespaceOf,
  managementNamespacesOf,
  placedPoolsOf,
  platformNamespacesOf,
} from '../platform/cluster-namespaces.ts';
import type { Unit } from '../unit.ts';
import { namespaceUnit } from './namespace.ts';
import { platformNamespaceUnit } from './platform-namespace.ts';
import { poolNamespaceUnit } from './pool-namespace.ts';

/** Every namespace of every cluster: those that a pool lists, and those of what the platform runs there. */
export function namespaceUnits(inputs: RenderInputs): Unit[] {
  const { catalog, environment } = inputs;
  const ofPools = catalog.pools.flatMap((pool) => {
    const services = catalog.services.filter((service) => service.pool === pool.id);
    const platform = platformNamespacesOf(pool, catalog);
    const lendsBus = borrowersOf(pool, 'bus', catalog).length > 0;
    const neighbours = { poolNamespaces: pool.namespaces, isMonitored: true, lendsBus };
    return clustersOf(pool).flatMap((cluster) => {
      const place = { environment: environment.name, pool: pool.id, cluster };
      return [
        ...pool.namespaces.map((namespace) => poolNamespaceUnit({ ...place, namespace }, pool.owner, services)),
        ...platform.map((namespace) =>
          platformNamespaceUnit({ ...place, namespace: namespace.name }, namespace, neighbours, [`pool/${pool.id}`]),
        ),
      ];
    });
  });
  return [...ofPools, ...managementUnits(inputs)];
}

/** The management cluster: what describes machines, and the machines of each pool apart. */
function managementUnits({ catalog, environment }: RenderInputs): Unit[] {
  const place = { environment: environment.name, pool: managementCluster, cluster: managementCluster };
  const platform = managementNamespacesOf(catalog);
  const neighbours = { poolNamespaces: [], isMonitored: false, lendsBus: false };
  // A lock that is older than components holds none, and no cluster that could run them.
  if (platform.length === 0) return [];
  return [
    ...platform.map((namespace) =>
      platformNamespaceUnit({ ...place, namespace: namespace.name }, namespace, neighbours, []),
    ),
    ...placedPoolsOf(catalog).map((pool) =>
      namespaceUnit({
        place: { ...place, namespace: machineNamespaceOf(pool) },
        owner: pool.owner,
        sources: [`pool/${pool.id}`],
      }),
    ),
  ];
}
