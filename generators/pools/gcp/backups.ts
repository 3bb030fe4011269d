import { findBackupDestination } from '../../backup/destination.ts';
import { clustersOf } from '../../clusters.ts';
import { managed } from '../managed.ts';
import type { PoolContext } from '../pool-context.ts';

/** Days for which what was overwritten or deleted in the bucket can be had back. */
const oldVersionDays = 30;

/** The bucket that the backups of a Google pool's cluster go to: nobody reaches it without a right to it. */
export function renderGcpBackups(context: PoolContext): object[] {
  const { place, pool } = context;
  if (pool.backups === undefined) return [];
  return clustersOf(pool).flatMap((cluster) => {
    const destination = findBackupDestination(place.environment, pool, cluster);
    if (destination === undefined) return [];
    return managed(context, {
      apiVersion: 'storage.gcp.upbound.io/v1beta3',
      kind: 'Bucket',
      name: destination.bucket,
      wave: 'store',
      forProvider: {
        location: destination.region,
        storageClass: 'STANDARD',
        publicAccessPrevention: 'enforced',
        uniformBucketLevelAccess: true,
        forceDestroy: false,
        versioning: { enabled: true },
        lifecycleRule: [
          { action: { type: 'Delete' }, condition: { daysSinceNoncurrentTime: oldVersionDays } },
          { action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: 7 } },
        ],
        labels: { environment: place.environment, pool: pool.id },
      },
    });
  });
}
