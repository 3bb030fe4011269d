import { componentsOf, componentsOfManagement } from '../../catalog/components.ts';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { Component } from '../../catalog/schema/component.ts';
import type { Pool } from '../../catalog/schema/pool.ts';
import { isPlaced } from '../clusters.ts';
import { gatewayNamespace, monitoringNamespace } from '../conventions.ts';
import { clusterApiNamespaces } from './values/cluster-api-operator.ts';

/** A namespace of the platform, with what runs in it. */
export interface PlatformNamespace {
  readonly name: string;
  readonly components: readonly Component[];
}

/** The namespaces of a pool's clusters beside its own, sorted by name. */
export function platformNamespacesOf(pool: Pool, catalog: Catalog): PlatformNamespace[] {
  return group(componentsOf(pool, catalog), [monitoringNamespace, gatewayNamespace]);
}

/** The namespaces of the management cluster that hold software, sorted by name. */
export function managementNamespacesOf(catalog: Catalog): PlatformNamespace[] {
  const components = componentsOfManagement(catalog);
  const namespaces = group(components, []);
  const clusterApi = components.filter(({ id }) => id === 'cluster-api-operator');
  if (clusterApi.length === 0) return namespaces;
  return [...namespaces, ...clusterApiNamespaces.map((name) => ({ name, components: clusterApi }))];
}

/** The namespace in the management cluster that holds the machines of a pool. */
export function machineNamespaceOf(pool: Pick<Pool, 'id'>): string {
  return `pool-${pool.id}`;
}

/** The pools whose machines the management cluster holds. */
export function placedPoolsOf({ pools }: Pick<Catalog, 'pools'>): Pool[] {
  return pools.filter(isPlaced);
}

function group(components: readonly Component[], always: readonly string[]): PlatformNamespace[] {
  const names = new Set([...components.map(({ namespace }) => namespace), ...always]);
  // It comes with the cluster.
  names.delete('kube-system');
  return [...names]
    .sort()
    .map((name) => ({ name, components: components.filter(({ namespace }) => namespace === name) }));
}
