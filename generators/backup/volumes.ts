import type { Pool } from '../../catalog/schema/pool.ts';

/** CSI drivers that take snapshots. Hetzner's takes none: there, files are copied. */
const snapshotDrivers: Partial<Record<Pool['provider'], string>> = {
  aws: 'ebs.csi.aws.com',
  digitalocean: 'dobs.csi.digitalocean.com',
  gcp: 'pd.csi.storage.gke.io',
};

/** The driver that snapshots the volumes of a pool; undefined where files must be copied instead. */
export function findSnapshotDriver({ provider }: Pick<Pool, 'provider'>): string | undefined {
  return snapshotDrivers[provider];
}

/**
 * For pods whose store writes backups of its own: files copied one after the other under a running database are no
 * backup of it, and cost as much.
 */
export function withoutFileCopies(...volumes: readonly string[]): Record<string, string> {
  return { 'backup.velero.io/backup-volumes-excludes': volumes.join(',') };
}
