import type { Component } from '../../catalog/schema/component.ts';
import type { Environment } from '../../catalog/schema/environment.ts';
import type { Pool } from '../../catalog/schema/pool.ts';
import type { Service } from '../../catalog/schema/service.ts';

/** What the values of a chart are made from: one component on one cluster. */
export interface ComponentContext {
  readonly environment: Environment;
  readonly cluster: string;
  readonly component: Component;
  /** Left out in the management cluster, which belongs to no pool. */
  readonly pool?: Pool;
  /** Where the cluster is. */
  readonly region?: string;
  /** Of the pool. */
  readonly services: readonly Service[];
  /** Whether other pools come to its bus through its gateway. */
  readonly lendsBus: boolean;
}

/** Two where one could be missed: in production, and where there are two nodes to put them on. */
export function replicasOf({ environment, pool }: ComponentContext): number {
  const nodes = (pool?.nodeGroups ?? []).filter(({ kind }) => kind === 'kubernetes').map(({ min }) => min);
  const count = nodes.reduce((total, min) => total + min, 0);
  return environment.name === 'production' && count > 1 ? 2 : 1;
}

/** A workload of the pool that a chart brings, such as `prometheus`: its size is stated there. */
export function findWorkload(
  { pool }: ComponentContext,
  id: string,
): NonNullable<Pool['workloads']>[number] | undefined {
  return pool?.workloads?.find((workload) => workload.id === id);
}
