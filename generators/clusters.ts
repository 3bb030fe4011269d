import type { Pool } from '../catalog/schema/pool.ts';

/** The clusters of a pool: one in each region. None while its provider is undecided. */
export function clustersOf(pool: Pool): string[] {
  if (pool.cluster === undefined || pool.provider === 'undecided') return [];
  if (pool.regions.length <= 1) return [pool.cluster];
  return pool.regions.map((region) => `${pool.cluster}-${region}`);
}
