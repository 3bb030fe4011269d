import { clustersOf } from '../../clusters.ts';
import { RenderError } from '../../inputs.ts';
import { awsRegions } from '../address-plan.ts';
import type { PoolContext } from '../pool-context.ts';
import { baseNameOf } from '../provider-access.ts';

/** One region of a pool on AWS. */
export interface Region {
  readonly id: string;
  /** The cluster, the network and the database are called so: each kind has its own names. */
  readonly base: string;
  readonly cluster: string;
  readonly plan: NonNullable<(typeof awsRegions)[string]>;
}

/** The regions of a pool: the first holds what there is one of, and the others a copy. */
export function regionsOf(context: PoolContext): [Region, ...Region[]] {
  const { pool } = context;
  const clusters = clustersOf(pool);
  const [first, ...others] = pool.regions.map((id, index): Region => {
    const [plan, cluster] = [awsRegions[id], clusters[index]];
    if (plan === undefined || cluster === undefined) {
      throw new RenderError(`pool/${pool.id}: ${id} has no addresses: add it to generators/pools/address-plan.ts`);
    }
    return { id, base: baseNameOf(context, cluster), cluster, plan };
  });
  if (first === undefined) throw new RenderError(`pool/${pool.id} is in no region`);
  return [first, ...others];
}

/** Tags of everything that has some: what is on the bill is told apart by them. */
export function tagsOf({ place, pool }: PoolContext, more: Readonly<Record<string, string>> = {}) {
  return { environment: place.environment, pool: pool.id, ...more };
}

/** Name of a zone's part of a network: `production-defimon-social-eu-west-1-private-a`. */
export function subnetOf({ base }: Region, reach: 'public' | 'private', zone: string): string {
  return `${base}-${reach}-${zone.slice(-1)}`;
}

/** The parts of a region's network that nobody reaches from outside, as references. */
export function privateSubnets(region: Region): { name: string }[] {
  return region.plan.zones.map(({ name }) => ({ name: subnetOf(region, 'private', name) }));
}
