import type { PoolStore } from '../../catalog/schema/pool.ts';
import { keptForEver } from '../app.ts';
import { storageClass } from '../conventions.ts';
import { storeImages } from './images.ts';
import { bucketSettings, renderBucketSettings } from './minio-buckets.ts';
import { renderPodMonitor } from './monitors.ts';
import { clients, monitoring, namespace, pods, renderStorePolicy, toDns, toKubernetesApi } from './network.ts';
import { restrictedContainer, restrictedPod, spreadOver, storePriority } from './pods.ts';
import { renderStoreSecret } from './secrets.ts';
import { type StoreContext, type StorePart, storeLabels, storeMetadata, volumeSize } from './store-context.ts';

const name = 'minio' satisfies PoolStore['engine'];
const servers = { 'v1.min.io/tenant': name };
/** Its entry in the secret store bears the kind's name, as that of a rented bucket does. */
const entry = 'objects';

/**
 * MinIO by its operator, where the pool rents no bucket. Without TLS: it stays inside the namespace, and its operator's
 * certificates would ask for a signer that managed clusters do not have. The operator brings the PodDisruptionBudget
 * from four servers on.
 */
export const renderMinio: StorePart = (context) => [
  renderStoreSecret(context, {
    entry,
    keys: { username: 'username', password: 'password' },
    template: {
      'config.env': 'export MINIO_ROOT_USER="{{ .username }}"\nexport MINIO_ROOT_PASSWORD="{{ .password }}"\n',
    },
  }),
  renderTenant(context),
  ...renderBucketSettings(context, name),
  renderPodMonitor(context, { pods: servers, port: 9000, path: '/minio/v2/metrics/cluster' }),
  renderStorePolicy(context, {
    pods: servers,
    ingress: [
      clients(context, 9000),
      pods(servers, 9000),
      pods(storeLabels(context, bucketSettings), 9000),
      namespace(context.operatorNamespace, 9000, 4222),
      monitoring(9000),
    ],
    egress: [toDns(), pods(servers, 9000), toKubernetesApi(), namespace(context.operatorNamespace, 4221, 4222, 4223)],
  }),
];

function renderTenant(context: StoreContext): object {
  const { store, buckets } = context;
  const volumes = volumesPerServer(store.replicas);
  return {
    apiVersion: 'minio.min.io/v2',
    kind: 'Tenant',
    metadata: storeMetadata(context, { wave: 'store', syncOptions: keptForEver }),
    spec: {
      image: storeImages.minio,
      imagePullPolicy: 'IfNotPresent',
      configuration: { name },
      requestAutoCert: false,
      ...storePriority,
      podManagementPolicy: 'Parallel',
      // Numbers of buckets and bytes: whom the network policy lets in may read them.
      env: [{ name: 'MINIO_PROMETHEUS_AUTH_TYPE', value: 'public' }],
      buckets: buckets.map((bucket) => ({ name: bucket })),
      pools: [
        {
          name: 'pool-0',
          servers: store.replicas,
          volumesPerServer: volumes,
          labels: storeLabels(context),
          volumeClaimTemplate: {
            metadata: { name: 'data' },
            spec: {
              accessModes: ['ReadWriteOnce'],
              storageClassName: storageClass,
              resources: { requests: { storage: volumeSize(Math.ceil(store.storageGB / volumes)) } },
            },
          },
          resources: store.resources,
          securityContext: restrictedPod(1000),
          containerSecurityContext: { ...restrictedContainer, runAsNonRoot: true, runAsUser: 1000 },
          topologySpreadConstraints: spreadOver(servers),
        },
      ],
    },
  };
}

/** One server may have one volume; two or three must have four together. */
function volumesPerServer(replicas: number): number {
  return replicas === 2 || replicas === 3 ? 2 : 1;
}
