import type { Environment } from '../../catalog/schema/environment.ts';
import type { NodeGroup, Pool } from '../../catalog/schema/pool.ts';
import { type MetadataOptions, metadataOf, type Place } from '../app.ts';
import { nodeGroupLabel } from '../conventions.ts';
import { RenderError } from '../inputs.ts';

/** What the machines and clusters of a pool are made from. */
export interface PoolContext {
  /** In the management cluster. */
  readonly place: Place;
  readonly pool: Pool;
  readonly accounts: NonNullable<Environment['accounts']>;
  /** Whose addresses reach the API servers. */
  readonly cidrs: readonly string[];
  /** Pages of ours, which may read the data lake from a browser. */
  readonly origins: readonly string[];
}

/** The metadata of an object that describes machines: what made it is the pool, at the environment's sizes. */
export function poolMetadata({ place, pool }: PoolContext, options: Omit<MetadataOptions, 'sources'>) {
  return metadataOf({ ...options, sources: [`pool/${pool.id}`, `environment/${place.environment}`] });
}

/** The groups whose machines are nodes of the cluster; a group of none at most is not there. */
export function nodeGroupsOf(pool: Pool): (NodeGroup & { machine: string })[] {
  return groupsOf(pool, 'kubernetes');
}

export function groupsOf(pool: Pool, kind: NodeGroup['kind']): (NodeGroup & { machine: string })[] {
  return pool.nodeGroups.flatMap((group) => {
    if (group.kind !== kind || group.max === 0) return [];
    if (group.machine === undefined) throw new RenderError(`pool/${pool.id}: node group ${group.id} has no machine`);
    return [{ ...group, machine: group.machine }];
  });
}

/** Labels of a group's nodes, by which pods choose them. */
export function nodeLabelsOf(group: NodeGroup): Record<string, string> {
  return { [nodeGroupLabel]: group.id };
}

export function kubernetesVersionOf({ pool }: PoolContext): string {
  if (pool.kubernetesVersion !== undefined) return pool.kubernetesVersion;
  throw new RenderError(`pool/${pool.id}: its clusters have no version: add "kubernetesVersion:"`);
}
