import { componentsOf } from '../catalog/components.ts';
import type { Catalog } from '../catalog/schema/catalog.ts';
import type { Pool } from '../catalog/schema/pool.ts';
import { clustersOf, isPlaced } from './clusters.ts';

/**
 * What of a pool is not rendered yet, in words, because its provider is undecided; nothing for any other pool. All that
 * does not depend on the provider is in the pool's folders all the same.
 */
export function waitsOf(pool: Pool, catalog: Pick<Catalog, 'services' | 'components'>): string[] {
  if (isPlaced(pool)) return [];
  const charts = componentsOf(pool, catalog).length;
  return [
    ...pool.nodeGroups.map(
      ({ id, accelerator }) => `the ${accelerator === 'gpu' ? 'GPU' : 'CPU'} machines of node group "${id}"`,
    ),
    `cluster "${clustersOf(pool).join('", "')}" and its place at Argo CD`,
    'its storage class',
    ...(charts > 0 ? [charts === 1 ? 'one chart' : `${charts} charts`] : []),
    ...(pool.backups === undefined ? [] : ['where its backups go']),
    'its price',
  ];
}
