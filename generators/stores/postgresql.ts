import type { PoolStore } from '../../catalog/schema/pool.ts';
import { keptForEver } from '../app.ts';
import { withoutFileCopies } from '../backup/volumes.ts';
import { storageClass, storeLabel } from '../conventions.ts';
import { storeImages } from './images.ts';
import { renderPodMonitor } from './monitors.ts';
import {
  clients,
  monitoring,
  namespace,
  pods,
  renderStorePolicy,
  toBackups,
  toDns,
  toKubernetesApi,
} from './network.ts';
import { smallResources, spreadOver, storePriority } from './pods.ts';
import { backupSecretOf, renderBackupSecret, renderStoreSecret } from './secrets.ts';
import { type StoreContext, type StorePart, shareOfMiB, storeMetadata, volumeSize } from './store-context.ts';

const name = 'postgresql' satisfies PoolStore['engine'];
/** The label that CloudNativePG gives its pods. */
const instances = { 'cnpg.io/cluster': name };
const barman = 'barman-cloud.cloudnative-pg.io';

/**
 * PostgreSQL by CloudNativePG: a primary with streaming replicas and failover, its write-ahead log archived all the
 * time and a base backup each day, so that it can be brought back to any moment of the retention. The operator brings
 * the PodDisruptionBudget and restricted pods.
 */
export const renderPostgresql: StorePart = (context) => [
  renderStoreSecret(context, {
    keys: { username: 'username', password: 'password' },
    type: 'kubernetes.io/basic-auth',
    // A changed password reaches the database at once.
    labels: { 'cnpg.io/reload': 'true' },
  }),
  renderBackupSecret(context),
  renderObjectStore(context),
  renderCluster(context),
  renderScheduledBackup(context),
  renderPodMonitor(context, { pods: instances, port: 'metrics' }),
  renderStorePolicy(context, {
    pods: instances,
    ingress: [
      clients(context, 5432),
      pods(instances, 5432, 8000),
      namespace(context.operatorNamespace, 5432, 8000),
      monitoring(9187),
    ],
    egress: [toDns(), pods(instances, 5432, 8000), toKubernetesApi(), toBackups(context)],
  }),
];

function renderCluster(context: StoreContext): object {
  const { store, destination } = context;
  return {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'Cluster',
    metadata: storeMetadata(context, { wave: 'store', syncOptions: keptForEver }),
    spec: {
      instances: store.replicas,
      imageName: storeImages.postgresql,
      enableSuperuserAccess: false,
      // With one instance a budget would keep its machine from ever being drained.
      enablePDB: store.replicas > 1,
      inheritedMetadata: { labels: { [storeLabel]: store.kind }, annotations: withoutFileCopies('pgdata') },
      bootstrap: {
        initdb: { database: 'defimon', owner: 'defimon', secret: { name }, dataChecksums: true, encoding: 'UTF8' },
      },
      storage: { size: volumeSize(store.storageGB), storageClass },
      resources: store.resources,
      ...storePriority,
      affinity: {
        enablePodAntiAffinity: true,
        podAntiAffinityType: 'preferred',
        topologyKey: 'kubernetes.io/hostname',
      },
      topologySpreadConstraints: spreadOver(instances),
      primaryUpdateStrategy: 'unsupervised',
      primaryUpdateMethod: store.replicas > 1 ? 'switchover' : 'restart',
      postgresql: {
        parameters: {
          shared_buffers: `${shareOfMiB(store.resources.requests.memory, 0.25)}MB`,
          effective_cache_size: `${shareOfMiB(store.resources.requests.memory, 0.75)}MB`,
          max_connections: '200',
          // At most so much is lost with the machine: a quiet log is archived all the same.
          archive_timeout: '5min',
        },
        // A commit is on two machines before it is told, while there are two.
        ...(store.replicas > 1 ? { synchronous: { method: 'any', number: 1, dataDurability: 'preferred' } } : {}),
      },
      ...(destination === undefined
        ? {}
        : { plugins: [{ name: barman, isWALArchiver: true, parameters: { barmanObjectName: name } }] }),
    },
  };
}

function renderObjectStore(context: StoreContext): object | undefined {
  const { destination, backups } = context;
  if (destination === undefined) return undefined;
  const secret = backupSecretOf(context);
  return {
    apiVersion: 'barmancloud.cnpg.io/v1',
    kind: 'ObjectStore',
    metadata: storeMetadata(context, { wave: 'config', syncOptions: keptForEver }),
    spec: {
      // Every base backup has the whole log after it: any moment since the oldest one can be had.
      ...(backups === undefined ? {} : { retentionPolicy: `${backups.dailyRetentionDays}d` }),
      configuration: {
        destinationPath: `s3://${destination.bucket}/${name}`,
        endpointURL: destination.endpoint,
        s3Credentials: {
          accessKeyId: { name: secret, key: 'access-key-id' },
          secretAccessKey: { name: secret, key: 'secret-access-key' },
        },
        wal: { compression: 'gzip', maxParallel: 4 },
        data: { compression: 'gzip' },
      },
      instanceSidecarConfiguration: {
        // Object stores other than Amazon's refuse the checksums that its library adds by itself.
        env: [
          { name: 'AWS_REQUEST_CHECKSUM_CALCULATION', value: 'when_required' },
          { name: 'AWS_RESPONSE_CHECKSUM_VALIDATION', value: 'when_required' },
          { name: 'AWS_DEFAULT_REGION', value: destination.region },
        ],
        resources: smallResources,
      },
    },
  };
}

function renderScheduledBackup(context: StoreContext): object | undefined {
  if (context.destination === undefined) return undefined;
  return {
    apiVersion: 'postgresql.cnpg.io/v1',
    kind: 'ScheduledBackup',
    metadata: storeMetadata(context, { name: `${name}-daily`, wave: 'edge' }),
    spec: {
      // Its first field is seconds: 01:15 each night, UTC.
      schedule: '0 15 1 * * *',
      immediate: true,
      backupOwnerReference: 'self',
      cluster: { name },
      method: 'plugin',
      pluginConfiguration: { name: barman },
    },
  };
}
