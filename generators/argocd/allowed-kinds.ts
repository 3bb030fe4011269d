/** A group of the Kubernetes API, and its kinds that an app may bring. */
interface AllowedKinds {
  readonly group: string;
  readonly kinds: readonly string[];
}

/** What a project may bring to its clusters. A kind that stands in no list is refused when rendering and by Argo CD. */
export interface Allowance {
  readonly cluster: readonly AllowedKinds[];
  readonly namespaced: readonly AllowedKinds[];
}

/** The apps of a pool: services, stores and what serves them. No RBAC, no Secret, no CustomResourceDefinition. */
export const poolAllowance: Allowance = {
  cluster: [
    { group: '', kinds: ['Namespace'] },
    { group: 'scheduling.k8s.io', kinds: ['PriorityClass'] },
    { group: 'storage.k8s.io', kinds: ['StorageClass'] },
    { group: 'snapshot.storage.k8s.io', kinds: ['VolumeSnapshotClass'] },
    { group: 'external-secrets.io', kinds: ['ClusterSecretStore'] },
    { group: 'cert-manager.io', kinds: ['ClusterIssuer'] },
    { group: 'configuration.konghq.com', kinds: ['KongClusterPlugin'] },
  ],
  namespaced: [
    { group: '', kinds: ['ConfigMap', 'PersistentVolumeClaim', 'Service', 'ServiceAccount'] },
    { group: 'apps', kinds: ['Deployment', 'StatefulSet'] },
    { group: 'argoproj.io', kinds: ['CronWorkflow', 'WorkflowTemplate'] },
    { group: 'autoscaling', kinds: ['HorizontalPodAutoscaler'] },
    { group: 'barmancloud.cnpg.io', kinds: ['ObjectStore'] },
    { group: 'batch', kinds: ['CronJob', 'Job'] },
    { group: 'cert-manager.io', kinds: ['Certificate', 'Issuer'] },
    { group: 'clickhouse-keeper.altinity.com', kinds: ['ClickHouseKeeperInstallation'] },
    { group: 'clickhouse.altinity.com', kinds: ['ClickHouseInstallation'] },
    { group: 'configuration.konghq.com', kinds: ['KongConsumer', 'KongPlugin', 'KongUpstreamPolicy', 'TCPIngress'] },
    { group: 'elasticsearch.k8s.elastic.co', kinds: ['Elasticsearch'] },
    { group: 'external-secrets.io', kinds: ['ExternalSecret'] },
    { group: 'kafka.strimzi.io', kinds: ['Kafka', 'KafkaNodePool', 'KafkaTopic', 'KafkaUser'] },
    { group: 'keda.sh', kinds: ['ScaledObject', 'TriggerAuthentication'] },
    { group: 'kibana.k8s.elastic.co', kinds: ['Kibana'] },
    { group: 'logstash.k8s.elastic.co', kinds: ['Logstash'] },
    { group: 'minio.min.io', kinds: ['Tenant'] },
    { group: 'mongodbcommunity.mongodb.com', kinds: ['MongoDBCommunity'] },
    {
      group: 'monitoring.coreos.com',
      kinds: ['AlertmanagerConfig', 'PodMonitor', 'Probe', 'PrometheusRule', 'ServiceMonitor'],
    },
    { group: 'networking.k8s.io', kinds: ['Ingress', 'NetworkPolicy'] },
    { group: 'policy', kinds: ['PodDisruptionBudget'] },
    { group: 'postgresql.cnpg.io', kinds: ['Cluster', 'Database', 'Pooler', 'ScheduledBackup'] },
    { group: 'redis.redis.opstreelabs.in', kinds: ['Redis', 'RedisCluster', 'RedisReplication', 'RedisSentinel'] },
    { group: 'velero.io', kinds: ['BackupStorageLocation', 'Schedule', 'VolumeSnapshotLocation'] },
  ],
};

/**
 * The management cluster: what pools rent, as objects of Crossplane and Cluster API. Their providers have hundreds of
 * kinds, each an object in a cloud and none with rights in a cluster, so groups are listed whole.
 */
export const managementAllowance: Allowance = {
  cluster: [
    { group: '', kinds: ['Namespace'] },
    { group: 'external-secrets.io', kinds: ['ClusterSecretStore'] },
    { group: 'pkg.crossplane.io', kinds: ['DeploymentRuntimeConfig', 'Provider'] },
    { group: 'scheduling.k8s.io', kinds: ['PriorityClass'] },
    ...['*.upbound.io', '*.crossplane.io'].map((group) => ({ group, kinds: ['*'] })),
  ],
  namespaced: [
    { group: '', kinds: ['ConfigMap'] },
    { group: 'external-secrets.io', kinds: ['ExternalSecret'] },
    { group: 'networking.k8s.io', kinds: ['NetworkPolicy'] },
    ...['*cluster.x-k8s.io', '*.upbound.io', '*.crossplane.io'].map((group) => ({ group, kinds: ['*'] })),
  ],
};
