import { KubeConfigMap } from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { PoolStore } from '../../catalog/schema/pool.ts';
import { keptForEver } from '../app.ts';
import { storageClass } from '../conventions.ts';
import { storeImages } from './images.ts';
import { renderPodMonitor } from './monitors.ts';
import { clients, monitoring, namespace, pods, renderStorePolicy, toDns } from './network.ts';
import { restrictedContainer, restrictedPod, smallResources, spreadOver, storePriority } from './pods.ts';
import { fromSecret, renderStoreSecret } from './secrets.ts';
import {
  type StoreContext,
  type StorePart,
  shareOfMiB,
  storeLabels,
  storeMetadata,
  volumeSize,
} from './store-context.ts';

const name = 'redis' satisfies PoolStore['engine'];
const sentinel = 'redis-sentinel';
const user = 1000;
/** As many as may elect one: a majority of two is two, and one cannot elect itself. */
const leastReplicas = 3;

/** Where clients write: with replicas, at the Service that follows whichever pod is primary. */
export function redisHostOf({ replicas = 1 }: Pick<PoolStore, 'replicas'>, namespace: string): string {
  return `${name}${isReplicated(replicas) ? '-master' : ''}.${namespace}.svc`;
}

/**
 * Redis by the operator of OpsTree: alone, or as a primary with replicas that Sentinel watches, which promotes one when
 * the primary is gone. It keeps an append-only file, so sessions survive a restart. The operator brings a
 * PodDisruptionBudget with replicas alone: one pod has none, and can be drained.
 */
export const renderRedis: StorePart = (context) => {
  const withReplicas = isReplicated(context.store.replicas);
  const [servers, sentinels] = [storeLabels(context), storeLabels(context, sentinel)];
  return [
    renderStoreSecret(context, { keys: { password: 'password' } }),
    renderSettings(context),
    withReplicas ? renderReplication(context) : renderStandalone(context),
    withReplicas ? renderSentinel(context) : undefined,
    renderPodMonitor(context, { pods: servers, port: 'redis-exporter' }),
    renderStorePolicy(context, {
      pods: servers,
      ingress: [
        clients(context, 6379),
        withReplicas ? pods(servers, 6379) : undefined,
        withReplicas ? pods(sentinels, 6379) : undefined,
        namespace(context.operatorNamespace, 6379),
        monitoring(9121),
      ],
      egress: [toDns(), withReplicas ? pods(servers, 6379) : undefined],
    }),
    withReplicas
      ? renderStorePolicy(context, {
          name: sentinel,
          pods: sentinels,
          ingress: [clients(context, 26379), pods(sentinels, 26379), namespace(context.operatorNamespace, 26379)],
          egress: [toDns(), pods(servers, 6379), pods(sentinels, 26379)],
        })
      : undefined,
  ];
};

function isReplicated(replicas: number): boolean {
  return replicas >= leastReplicas;
}

function renderSettings(context: StoreContext): object {
  const { memory } = context.store.resources.limits;
  return KubeConfigMap.manifest({
    metadata: storeMetadata(context, { wave: 'config' }),
    data: {
      'redis-additional.conf': [
        'appendonly yes',
        'appendfsync everysec',
        // The rest is for buffers, and for the copy that rewriting the file takes.
        `maxmemory ${shareOfMiB(memory, 0.65)}mb`,
        // Everything that may go has a time to live: answers an hour, sessions a day, counters a minute.
        'maxmemory-policy volatile-lru',
        '',
      ].join('\n'),
    },
  });
}

function renderStandalone(context: StoreContext): object {
  return {
    apiVersion: 'redis.redis.opstreelabs.in/v1beta2',
    kind: 'Redis',
    metadata: storeMetadata(context, { wave: 'store', labels: storeLabels(context), syncOptions: keptForEver }),
    spec: serverSpec(context),
  };
}

function renderReplication(context: StoreContext): object {
  const { replicas } = context.store;
  return {
    apiVersion: 'redis.redis.opstreelabs.in/v1beta2',
    kind: 'RedisReplication',
    metadata: storeMetadata(context, { wave: 'store', labels: storeLabels(context), syncOptions: keptForEver }),
    spec: {
      clusterSize: replicas,
      ...serverSpec(context),
      pdb: { enabled: true, maxUnavailable: 1 },
      topologySpreadConstraints: spreadOver(storeLabels(context)),
    },
  };
}

function serverSpec(context: StoreContext): object {
  const { store } = context;
  return {
    kubernetesConfig: {
      image: storeImages.redis,
      imagePullPolicy: 'IfNotPresent',
      resources: store.resources,
      redisSecret: { name, key: 'password' },
    },
    redisConfig: { additionalRedisConfig: name },
    redisExporter: {
      enabled: true,
      image: storeImages.redisExporter,
      resources: smallResources,
      securityContext: restrictedContainer,
    },
    storage: {
      keepAfterDelete: true,
      volumeClaimTemplate: {
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: storageClass,
          resources: { requests: { storage: volumeSize(store.storageGB) } },
        },
      },
    },
    ...podSpec(),
  };
}

/** Sentinels hold no data: what they know, they find again. */
function renderSentinel(context: StoreContext): object {
  const labels = storeLabels(context, sentinel);
  return {
    apiVersion: 'redis.redis.opstreelabs.in/v1beta2',
    kind: 'RedisSentinel',
    metadata: storeMetadata(context, { wave: 'workload', labels }),
    spec: {
      clusterSize: leastReplicas,
      kubernetesConfig: {
        image: storeImages.redisSentinel,
        imagePullPolicy: 'IfNotPresent',
        resources: smallResources,
        redisSecret: { name, key: 'password' },
      },
      redisSentinelConfig: {
        redisReplicationName: name,
        redisReplicationPassword: fromSecret(name, 'password').valueFrom,
        quorum: '2',
        downAfterMilliseconds: '5000',
        failoverTimeout: '60000',
      },
      pdb: { enabled: true, maxUnavailable: 1 },
      topologySpreadConstraints: spreadOver(labels),
      ...podSpec(),
    },
  };
}

function podSpec(): object {
  return {
    ...storePriority,
    podSecurityContext: restrictedPod(user),
    // Its start script writes the configuration into the image's own folder.
    securityContext: { ...restrictedContainer, runAsNonRoot: true, runAsUser: user },
  };
}
