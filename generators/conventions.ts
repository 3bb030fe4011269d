import { opsPort as opsPortNumber } from '../catalog/ops-port.ts';

/** The words that objects of different apps must agree on. A selector and its target are written with the same one. */

export const repositoryUrl = 'https://gitlab.com/highfunk/defimon.git';
export const revision = 'refs/heads/main';

/** Kubernetes' own label: every namespace carries its name, so a network policy can select it. */
export const namespaceNameLabel = 'kubernetes.io/metadata.name';
/** The policy by which Kong, which calls pods past their Service, keeps a caller with one of them. */
export const stickyPolicy = 'sticky';

/** The ClusterIssuer that certificates are asked of. */
export const issuer = 'letsencrypt';

/** The label that pods of a store carry, by its kind: `relational`, `timeseries` … */
export const storeLabel = 'defimon.highfunk.uk/store';

/** The label of pods that do one shard of a service's work. */
export const shardLabel = 'defimon.highfunk.uk/shard';

/** The label that the nodes of a group carry, on every provider; a dedicated group's taint has the same key. */
export const nodeGroupLabel = 'defimon.highfunk.uk/node-group';

/** Namespaces of the platform, the same in every cluster. */
export const gatewayNamespace = 'gateway';
export const monitoringNamespace = 'monitoring';

/** The ClusterSecretStore that every `secretRef` is read from. */
export const secretStore = 'defimon';

/** The Secret, one in each namespace that runs our image, that opens its registry. */
export const registryCredentials = 'registry-credentials';

/** The cluster in which the machines of the others are described: one in each environment. */
export const managementCluster = 'management';

/** Classes of pods, from the one that goes last when a node is short: stores, then by the tier of what they serve. */
export const priorityClasses = {
  store: 'defimon-store',
  critical: 'defimon-critical',
  standard: 'defimon-standard',
  background: 'defimon-background',
} as const;

/** The StorageClass of every volume, on every provider: it keeps the disk when its claim goes, and can grow. */
export const storageClass = 'defimon-retain';

/** Every service shows its metrics and health here, whatever ports it has besides. */
export const opsPort = { name: 'ops', port: opsPortNumber } as const;

/**
 * The order in which Argo CD applies the objects of one app: a wave begins when the one before is healthy. Gaps are
 * room for what comes between.
 */
export const waves = { namespace: -5, secret: -3, config: -2, store: 0, workload: 5, edge: 10 } as const;

/** The name under which Argo CD knows the cluster, and the app on it. */
export function destinationOf(environment: string, cluster: string): string {
  return `${environment}-${cluster}`;
}

/** One AppProject an environment and pool: what a pool's apps may touch is closed there. */
export function projectOf(environment: string, pool: string): string {
  return `${environment}-${pool}`;
}

/** The AppProject of a pool's charts: operators need kinds that no app of a pool may bring. */
export function platformProjectOf(environment: string, pool: string): string {
  return `${projectOf(environment, pool)}-platform`;
}
