import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { Pool } from '../../catalog/schema/pool.ts';
import { clustersOf } from '../clusters.ts';
import type { RenderInputs } from '../inputs.ts';
import { type Unit, unit } from '../unit.ts';
import { findBackupDestination, findBackupElsewhere } from './destination.ts';
import { renderBackup } from './velero.ts';
import { findSnapshotDriver } from './volumes.ts';

/** Where Velero runs, and reads what it is to do. */
const veleroNamespace = 'velero';

/**
 * Backups of every cluster that keeps something: its objects and volumes by Velero, beside what PostgreSQL, ClickHouse
 * and Elasticsearch write themselves. A pool without a provider has no bucket yet.
 */
export function backupUnits({ catalog, environment }: RenderInputs): Unit[] {
  return catalog.pools.flatMap((pool) => {
    const { backups } = pool;
    if (backups === undefined || !keepsData(pool, catalog)) return [];
    return clustersOf(pool).flatMap((cluster) => {
      const destination = findBackupDestination(environment.name, pool, cluster);
      if (destination === undefined) return [];
      return unit({
        place: { environment: environment.name, pool: pool.id, cluster, namespace: veleroNamespace },
        name: 'backup',
        tier: 'platform',
        owner: pool.owner,
        inputs: {
          provider: pool.provider,
          namespaces: [...pool.namespaces].sort(),
          backups,
          destination,
          elsewhere: findBackupElsewhere(environment.name, pool, cluster),
          snapshotDriver: findSnapshotDriver(pool),
          keepsRecords: keepsRecords(pool, catalog),
        },
        render: (place, inputs) => renderBackup({ place, ...inputs }),
      });
    });
  });
}

/** Whether anything of the pool has a volume. */
function keepsData(pool: Pool, catalog: Catalog): boolean {
  return keepsRecords(pool, catalog) || (pool.workloads ?? []).some(({ storageGB }) => storageGB !== undefined);
}

/** Whether it keeps what nobody else has; an Ethereum node's volume can be filled again from its peers. */
function keepsRecords(pool: Pool, { services }: Catalog): boolean {
  return (
    pool.stores.some(({ managed }) => !managed) ||
    services.some((service) => service.pool === pool.id && service.volume !== undefined)
  );
}
