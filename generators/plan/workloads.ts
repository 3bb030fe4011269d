import type { Manifest } from '../emit/manifest.ts';
import type { Json } from '../emit/yaml.ts';
import { diffValues, isMapping, isSame } from './edits.ts';
import { kindOf, valueAt, valuesAt } from './kind-of.ts';
import type { Pair } from './pairs.ts';
import type { Change, ReplicaChange, Restart } from './plan.ts';

/** Where the pods of a workload are described. A CronJob's next run takes the new ones: nothing restarts. */
export const podTemplates: Readonly<Record<string, string>> = {
  'Deployment.apps': 'spec.template',
  'StatefulSet.apps': 'spec.template',
  'DaemonSet.apps': 'spec.template',
};

/** Custom resources whose operators run pods, and charts: what a change does to the pods is theirs to decide. */
const operated = new Set([
  'Cluster.postgresql.cnpg.io',
  'ClickHouseInstallation.clickhouse.altinity.com',
  'ClickHouseKeeperInstallation.clickhouse-keeper.altinity.com',
  'Kafka.kafka.strimzi.io',
  'KafkaNodePool.kafka.strimzi.io',
  'Redis.redis.redis.opstreelabs.in',
  'RedisCluster.redis.redis.opstreelabs.in',
  'RedisReplication.redis.redis.opstreelabs.in',
  'RedisSentinel.redis.redis.opstreelabs.in',
  'Tenant.minio.min.io',
  'MongoDBCommunity.mongodbcommunity.mongodb.com',
  'Elasticsearch.elasticsearch.k8s.elastic.co',
  'Kibana.kibana.k8s.elastic.co',
  'Logstash.logstash.k8s.elastic.co',
  'Prometheus.monitoring.coreos.com',
  'Alertmanager.monitoring.coreos.com',
  // A chart of others: which of its pods a new version or value concerns, only the chart knows.
  'Application.argoproj.io',
]);

/** The numbers that say how many of something run, by kind. The first lower one is a danger. */
const replicaFields: Readonly<Record<string, readonly string[]>> = {
  'Deployment.apps': ['spec.replicas'],
  'StatefulSet.apps': ['spec.replicas'],
  'HorizontalPodAutoscaler.autoscaling': ['spec.minReplicas', 'spec.maxReplicas'],
  'ScaledObject.keda.sh': ['spec.minReplicaCount', 'spec.maxReplicaCount'],
  'Cluster.postgresql.cnpg.io': ['spec.instances'],
  'ClickHouseInstallation.clickhouse.altinity.com': [
    'spec.configuration.clusters[].layout.shardsCount',
    'spec.configuration.clusters[].layout.replicasCount',
  ],
  'ClickHouseKeeperInstallation.clickhouse-keeper.altinity.com': ['spec.configuration.clusters[].layout.replicasCount'],
  'Kafka.kafka.strimzi.io': ['spec.kafka.replicas', 'spec.zookeeper.replicas'],
  'KafkaNodePool.kafka.strimzi.io': ['spec.replicas'],
  'KafkaTopic.kafka.strimzi.io': ['spec.replicas'],
  'RedisCluster.redis.redis.opstreelabs.in': ['spec.clusterSize'],
  'RedisReplication.redis.redis.opstreelabs.in': ['spec.clusterSize'],
  'RedisSentinel.redis.redis.opstreelabs.in': ['spec.clusterSize'],
  'Tenant.minio.min.io': ['spec.pools[].servers'],
  'MongoDBCommunity.mongodbcommunity.mongodb.com': ['spec.members'],
  'Elasticsearch.elasticsearch.k8s.elastic.co': ['spec.nodeSets[].count'],
  'MachineDeployment.cluster.x-k8s.io': ['spec.replicas'],
  'MachinePool.cluster.x-k8s.io': ['spec.replicas'],
};

/** The pods that a changed object replaces. A workload that is asleep, or new, or gone has none to replace. */
export function findRestart({ before, after, environment, cluster }: Pair, change: Change): Restart | undefined {
  const [old, fresh] = [before?.manifest, after?.manifest];
  if (old === undefined || fresh === undefined) return undefined;
  const kind = kindOf(fresh);
  const where = { environment, cluster, identity: change.identity, causes: change.causes };
  const template = podTemplates[kind];
  if (template !== undefined) {
    if (isAsleep(old) || isAsleep(fresh)) return undefined;
    const edits = diffValues(valueAt(old, template), valueAt(fresh, template));
    return edits.length === 0 ? undefined : { ...where, how: 'certain', fields: edits.map(({ path }) => path) };
  }
  if (!operated.has(kind)) return undefined;
  const counts = new Set(replicaFields[kind]?.map((field) => field.replaceAll('[]', '')));
  const part = kind === 'Application.argoproj.io' ? 'spec.source' : 'spec';
  const edits = diffValues(valueAt(old, part), valueAt(fresh, part), part).filter(
    ({ path }) => !counts.has(path.replaceAll(/\[[^\]]*\]/g, '')),
  );
  return edits.length === 0 ? undefined : { ...where, how: 'operator', fields: edits.map(({ path }) => path) };
}

/** Every number of replicas that differs. */
export function findReplicaChanges({ before, after, environment, cluster }: Pair, change: Change): ReplicaChange[] {
  const [old, fresh] = [before?.manifest, after?.manifest];
  if (old === undefined || fresh === undefined) return [];
  return (replicaFields[kindOf(fresh)] ?? []).flatMap((field) => {
    const [a, b] = [valuesAt(old, field), valuesAt(fresh, field)];
    // Where one of two lists is longer, which number became which is not told.
    if (a.length !== b.length) return [];
    return a.flatMap((was, index) => {
      const is = b[index];
      if (typeof was !== 'number' || typeof is !== 'number' || was === is) return [];
      return [{ environment, cluster, identity: change.identity, field, before: was, after: is }];
    });
  });
}

export function isAsleep(workload: Manifest): boolean {
  return valueAt(workload, 'spec.replicas') === 0;
}

/** How pods take up a ConfigMap: as files that are renewed below them, as variables that are not, or not at all. */
export function useOf(workload: Manifest, configMap: string): 'mounted' | 'variables' | undefined {
  const pod = valueAt(workload, `${podTemplates[kindOf(workload)] ?? 'spec.template'}.spec`);
  const containers = [...valuesAt(pod, 'containers[]'), ...valuesAt(pod, 'initContainers[]')];
  const read = containers.flatMap((container) => [
    ...valuesAt(container, 'envFrom[].configMapRef.name'),
    ...valuesAt(container, 'env[].valueFrom.configMapKeyRef.name'),
  ]);
  if (read.includes(configMap)) return 'variables';
  const volumes = valuesAt(pod, 'volumes[]');
  const mounted = volumes
    .filter((volume) => namesOf(volume).includes(configMap))
    .flatMap((volume) => volumeName(volume));
  if (mounted.length === 0) return undefined;
  // Kubernetes never renews a single file that is mounted by subPath.
  const mounts = containers.flatMap((container) => valuesAt(container, 'volumeMounts[]'));
  const isFrozen = mounts.some(
    (mount) => isMapping(mount) && mount.subPath !== undefined && mounted.some((name) => isSame(name, mount.name)),
  );
  return isFrozen ? 'variables' : 'mounted';
}

function namesOf(volume: Json): Json[] {
  return [...valuesAt(volume, 'configMap.name'), ...valuesAt(volume, 'projected.sources[].configMap.name')];
}

function volumeName(volume: Json): Json[] {
  return valuesAt(volume, 'name');
}
