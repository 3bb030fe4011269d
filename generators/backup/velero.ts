import type { Pool } from '../../catalog/schema/pool.ts';
import { keptForEver, metadataOf, type Place } from '../app.ts';
import { secretStore } from '../conventions.ts';
import type { BackupDestination } from './destination.ts';

/** What the backups of a cluster are made from. */
export interface BackupContext {
  readonly place: Place;
  readonly provider: Pool['provider'];
  /** Of what is backed up, sorted. */
  readonly namespaces: readonly string[];
  readonly backups: NonNullable<Pool['backups']>;
  readonly destination: BackupDestination;
  /** In another region, where the pool has one. */
  readonly elsewhere: BackupDestination | undefined;
  readonly snapshotDriver: string | undefined;
  readonly keepsRecords: boolean;
}

const secret = { name: 'backups', key: 'cloud' };

/** When, UTC; each apart from the others and from the stores' own backups. */
const schedules = { daily: '30 2 * * *', weekly: '30 4 * * 0', elsewhere: '30 6 * * 0' } as const;

/** Velero's part: the bucket's daily and weekly folders, what is put there and for how long. */
export function renderBackup(context: BackupContext): (object | undefined)[] {
  const { backups, destination, elsewhere, place } = context;
  return [
    renderSecret(context),
    renderSnapshotClass(context),
    renderLocation(context, 'daily', destination, 'backup/daily'),
    renderLocation(context, 'weekly', destination, 'backup/weekly'),
    renderSchedule(context, 'daily', backups.dailyRetentionDays),
    renderSchedule(context, 'weekly', backups.weeklyRetentionDays),
    ...(elsewhere === undefined
      ? []
      : [
          // The neighbour's own backups are beside it: each cluster has a folder.
          renderLocation(context, 'elsewhere', elsewhere, `elsewhere/${place.cluster}`),
          renderSchedule(context, 'elsewhere', backups.weeklyRetentionDays),
        ]),
  ];
}

function metadata(
  { place }: BackupContext,
  options: Omit<Parameters<typeof metadataOf>[0], 'namespace' | 'sources'>,
): ReturnType<typeof metadataOf> {
  return metadataOf({ ...options, namespace: place.namespace, sources: [`pool/${place.pool}`] });
}

/** Velero's plugins read a file, each cloud's own. Google's bucket is reached with a service account, the others by S3. */
function renderSecret(context: BackupContext): object {
  const properties = isGoogle(context) ? ['service-account'] : ['access-key-id', 'secret-access-key'];
  const file = isGoogle(context)
    ? '{{ index . "service-account" }}'
    : [
        '[default]',
        'aws_access_key_id={{ index . "access-key-id" }}',
        'aws_secret_access_key={{ index . "secret-access-key" }}',
        '',
      ].join('\n');
  return {
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    metadata: metadata(context, { name: secret.name, wave: 'secret' }),
    spec: {
      refreshInterval: '1h',
      secretStoreRef: { kind: 'ClusterSecretStore', name: secretStore },
      target: {
        name: secret.name,
        creationPolicy: 'Owner',
        deletionPolicy: 'Retain',
        template: { engineVersion: 'v2', data: { [secret.key]: file } },
      },
      data: properties.map((property) => ({ secretKey: property, remoteRef: { key: 'backups', property } })),
    },
  };
}

function renderSnapshotClass({ place, snapshotDriver }: BackupContext): object | undefined {
  if (snapshotDriver === undefined) return undefined;
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotClass',
    metadata: metadataOf({
      name: 'defimon-backups',
      wave: 'config',
      sources: [`pool/${place.pool}`],
      labels: { 'velero.io/csi-volumesnapshot-class': 'true' },
    }),
    driver: snapshotDriver,
    // A snapshot outlives the object that stands for it, and Velero takes it away in its time.
    deletionPolicy: 'Retain',
  };
}

function renderLocation(
  context: BackupContext,
  name: keyof typeof schedules,
  { bucket, region, endpoint }: BackupDestination,
  prefix: string,
): object {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'BackupStorageLocation',
    metadata: metadata(context, { name, wave: 'config', syncOptions: keptForEver }),
    spec: {
      provider: isGoogle(context) ? 'gcp' : 'aws',
      default: name === 'daily',
      accessMode: 'ReadWrite',
      objectStorage: { bucket, prefix },
      credential: secret,
      ...(isGoogle(context)
        ? {}
        : {
            config: {
              region,
              s3Url: endpoint,
              s3ForcePathStyle: 'true',
              // Object stores other than Amazon's refuse the checksums that its library adds by itself.
              ...(context.provider === 'aws' ? {} : { checksumAlgorithm: '' }),
            },
          }),
    },
  };
}

function renderSchedule(context: BackupContext, name: keyof typeof schedules, retentionDays: number): object {
  const { namespaces, snapshotDriver, keepsRecords } = context;
  const snapshots = snapshotDriver !== undefined;
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Schedule',
    metadata: metadata(context, { name, wave: 'edge' }),
    spec: {
      schedule: schedules[name],
      template: {
        includedNamespaces: [...namespaces],
        storageLocation: name,
        ttl: `${retentionDays * 24}h0m0s`,
        snapshotVolumes: snapshots,
        defaultVolumesToFsBackup: !snapshots,
        // A snapshot stays with its region and provider: once a week its data goes to the bucket as well.
        ...(snapshots ? { snapshotMoveData: name !== 'daily' && keepsRecords, csiSnapshotTimeout: '30m0s' } : {}),
      },
    },
  };
}

function isGoogle({ provider }: BackupContext): boolean {
  return provider === 'gcp';
}
