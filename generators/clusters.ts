import type { Pool } from '../catalog/schema/pool.ts';

/**
 * The clusters of a pool: one in each region. A pool whose provider is undecided has the one it will have, so that what
 * does not depend on the provider can be rendered and read; `isPlaced` tells the two apart.
 */
export function clustersOf(pool: Pool): string[] {
  const name = pool.cluster ?? `defimon-${pool.id}`;
  return pool.regions.length <= 1 ? [name] : pool.regions.map((region) => `${name}-${region}`);
}

/** Whether there is a provider to run the pool's clusters. */
export function isPlaced(pool: Pool): boolean {
  return pool.provider !== 'undecided';
}
