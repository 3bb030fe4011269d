import type { Pool } from '../../catalog/schema/pool.ts';
import { clustersOf } from '../clusters.ts';

/** A bucket outside the cluster, reached by S3's protocol, where the cluster's backups are kept. */
export interface BackupDestination {
  readonly bucket: string;
  /** As the object store calls it. */
  readonly region: string;
  readonly endpoint: string;
}

type Provider = Exclude<Pool['provider'], 'undecided'>;

/** Object stores by provider: in which of their regions, and at which address. */
const objectStores: Readonly<Record<Provider, (region: string) => Omit<BackupDestination, 'bucket'>>> = {
  aws: (region) => ({ region, endpoint: `https://s3.${region}.amazonaws.com` }),
  gcp: (region) => ({ region, endpoint: 'https://storage.googleapis.com' }),
  hetzner: (region) => {
    // American and Asian sites have none.
    const at = ['fsn1', 'hel1', 'nbg1'].includes(region) ? region : 'nbg1';
    return { region: at, endpoint: `https://${at}.your-objectstorage.com` };
  },
  digitalocean: (region) => {
    // Spaces is in one site of each city.
    const at = { nyc1: 'nyc3', nyc2: 'nyc3', sfo1: 'sfo3', ams2: 'ams3' }[region] ?? region;
    return { region: at, endpoint: `https://${at}.digitaloceanspaces.com` };
  },
};

/** The bucket of a cluster: whoever rents it and whoever writes to it ask here. Names are unique in the whole world. */
export function backupBucket(environment: string, cluster: string): string {
  return `${cluster}-${environment}-backups`;
}

/** Where a cluster's backups go, in its own region; undefined while the pool has no provider. */
export function findBackupDestination(environment: string, pool: Pool, cluster: string): BackupDestination | undefined {
  const region = pool.regions[clustersOf(pool).indexOf(cluster)];
  if (pool.provider === 'undecided' || region === undefined) return undefined;
  return { bucket: backupBucket(environment, cluster), ...objectStores[pool.provider](region) };
}

/**
 * Where a cluster's weekly backups go a second time: to the bucket of the pool's next region, so that the loss of a
 * whole region takes no data along. Undefined for a pool in one region.
 */
export function findBackupElsewhere(environment: string, pool: Pool, cluster: string): BackupDestination | undefined {
  const clusters = clustersOf(pool);
  const next = clusters[(clusters.indexOf(cluster) + 1) % clusters.length];
  return next === undefined || next === cluster ? undefined : findBackupDestination(environment, pool, next);
}

/** After how many days what lies under a prefix of a backup bucket goes, where its writer takes nothing away itself. */
export function backupExpiries({ backups }: Pick<Pool, 'backups'>): { prefix: string; days: number }[] {
  if (backups === undefined) return [];
  return [
    { prefix: 'clickhouse/daily/', days: backups.dailyRetentionDays },
    { prefix: 'clickhouse/weekly/', days: backups.weeklyRetentionDays },
  ];
}
