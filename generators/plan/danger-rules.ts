/** What a plan warns of. Read it as the list of what can go wrong when Argo CD applies a change. */

export const dangerRules = {
  DAN001: { title: 'something that holds data or machines is removed', severity: 'critical' },
  DAN002: { title: 'a field changes that the cluster does not let change', severity: 'major' },
  DAN003: { title: 'storage shrinks', severity: 'critical' },
  DAN004: { title: 'fewer replicas', severity: 'minor' },
  DAN005: { title: 'a topic gets fewer partitions', severity: 'major' },
  DAN006: { title: 'a network matters less than before', severity: 'minor' },
  DAN007: { title: 'something that holds data goes to another app', severity: 'major' },
  DAN008: { title: 'a chart goes to another major version', severity: 'minor' },
} as const;

export type DangerCode = keyof typeof dangerRules;

/** Kinds whose removal takes data, machines or all that is in them along; what is lost, in words. */
const holders: Readonly<Record<string, string>> = {
  Namespace: 'everything in it goes with it',
  'StatefulSet.apps': 'its pods go; its volumes stay without an owner',
  PersistentVolumeClaim: 'its data goes, unless the volume is retained',
  PersistentVolume: 'its data may go',
  'CustomResourceDefinition.apiextensions.k8s.io': 'every object of this kind goes, in all namespaces',
  'Cluster.postgresql.cnpg.io': 'the database goes, with its volumes',
  'ClickHouseInstallation.clickhouse.altinity.com': 'the database goes',
  'ClickHouseKeeperInstallation.clickhouse-keeper.altinity.com': 'replicated tables become read-only',
  'Kafka.kafka.strimzi.io': 'the bus goes, with all that was not consumed',
  'KafkaNodePool.kafka.strimzi.io': 'its brokers go, with their partitions',
  'KafkaTopic.kafka.strimzi.io': 'its records go',
  'Tenant.minio.min.io': 'its objects go',
  'MongoDBCommunity.mongodbcommunity.mongodb.com': 'the database goes',
  'Elasticsearch.elasticsearch.k8s.elastic.co': 'its indices go',
  'Application.argoproj.io': 'all that it applied goes with it',
  'ApplicationSet.argoproj.io': 'its applications go, with all that they applied',
  'AppProject.argoproj.io': 'its applications can no longer sync',
};

/** Groups of which every kind is a holder: what other machines and managed services are made from. */
const holdingGroups: readonly (readonly [group: RegExp, loss: string])[] = [
  [/(^|\.)redis\.opstreelabs\.in$/, 'the cache goes'],
  [/(^|\.)(crossplane|upbound)\.io$/, 'the provider deletes what it stands for'],
  [/(^|\.)cluster\.x-k8s\.io$/, 'machines go, or the means to make them'],
];

/** What is lost with an object of a kind; undefined if nothing that the next sync would not bring back. */
export function findLoss(kind: string): string | undefined {
  const group = kind.slice(kind.indexOf('.') + 1);
  return holders[kind] ?? holdingGroups.find(([pattern]) => pattern.test(group))?.[1];
}

interface Immutable {
  /** These may not change… */
  readonly fields?: readonly string[];
  /** … or, in `below`, all but these. */
  readonly below?: string;
  readonly but?: readonly string[];
}

/** What Kubernetes and the operators refuse to change. Source: Kubernetes 1.28's validation and each operator's webhooks. */
const immutables: Readonly<Record<string, Immutable>> = {
  'Deployment.apps': { fields: ['spec.selector'] },
  'DaemonSet.apps': { fields: ['spec.selector'] },
  'StatefulSet.apps': {
    below: 'spec',
    but: [
      'replicas',
      'ordinals',
      'template',
      'updateStrategy',
      'persistentVolumeClaimRetentionPolicy',
      'minReadySeconds',
      // Not refused: kept out of the way of those that are.
      'revisionHistoryLimit',
    ],
  },
  'Job.batch': { fields: ['spec.template', 'spec.selector', 'spec.completionMode'] },
  PersistentVolumeClaim: { below: 'spec', but: ['resources', 'volumeAttributesClassName'] },
  Service: { fields: ['spec.clusterIP'] },
  'StorageClass.storage.k8s.io': { fields: ['provisioner', 'parameters', 'reclaimPolicy', 'volumeBindingMode'] },
  'RoleBinding.rbac.authorization.k8s.io': { fields: ['roleRef'] },
  'ClusterRoleBinding.rbac.authorization.k8s.io': { fields: ['roleRef'] },
  'PriorityClass.scheduling.k8s.io': { fields: ['value', 'preemptionPolicy'] },
  Secret: { fields: ['type'] },
  'CustomResourceDefinition.apiextensions.k8s.io': { fields: ['spec.group', 'spec.scope', 'spec.names.plural'] },
  'Cluster.postgresql.cnpg.io': { fields: ['spec.storage.storageClass', 'spec.walStorage.storageClass'] },
  'KafkaTopic.kafka.strimzi.io': { fields: ['spec.topicName', 'spec.replicas'] },
  'KafkaNodePool.kafka.strimzi.io': { fields: ['spec.storage.type'] },
  'Tenant.minio.min.io': { fields: ['spec.pools[].servers', 'spec.pools[].volumesPerServer'] },
};

/** Where a managed service stands; the provider makes it anew elsewhere, empty. */
const places = ['region', 'location', 'zone', 'availabilityZone'].map((field) => `spec.forProvider.${field}`);

/** What may not change in an object of a kind. */
export function immutableOf(kind: string): Immutable {
  if (/MachineTemplate\.infrastructure\.cluster\.x-k8s\.io$/.test(kind)) return { fields: ['spec.template.spec'] };
  if (/\.(crossplane|upbound)\.io$/.test(kind)) return { fields: places };
  return immutables[kind] ?? {};
}
