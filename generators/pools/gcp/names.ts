import { clustersOf } from '../../clusters.ts';
import { RenderError } from '../../inputs.ts';
import type { PoolContext } from '../pool-context.ts';
import { baseNameOf } from '../provider-access.ts';

/** Names that the objects of a Google pool call each other by. */
export interface GcpNames {
  /** The cluster, the network and the subnetwork: each kind has its own names. */
  readonly base: string;
  readonly region: string;
  /** The first zone of the region, where all machines are: their disks cannot follow them elsewhere. */
  readonly zone: string;
  /** Public address of the Ethereum nodes in the cluster. */
  readonly peerAddress: string;
}

export function gcpNamesOf(context: PoolContext): GcpNames {
  const { pool } = context;
  const [region] = pool.regions;
  const [cluster] = clustersOf(pool);
  if (pool.regions.length !== 1 || region === undefined || cluster === undefined) {
    throw new RenderError(`pool/${pool.id}: a pool on Google Cloud is in one region, not ${pool.regions.length}`);
  }
  const base = baseNameOf(context, cluster);
  return { base, region, zone: `${region}-a`, peerAddress: peerAddressOf(context.place.environment, cluster) };
}

/** Name of the reserved address, which Services of the cluster ask for. */
export function peerAddressOf(environment: string, cluster: string): string {
  return `${environment}-${cluster}-peers`;
}
