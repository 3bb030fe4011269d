import { getId, kinds } from '../../catalog/kinds.ts';
import { findSecrets } from '../../catalog/rules/secrets.ts';
import { identityOf, type Manifest, sourcesOf } from '../emit/manifest.ts';
import { writeYaml } from '../emit/yaml.ts';
import { tokenPlugins } from '../gateway/plugins.ts';
import type { Cluster, PolicyRule } from './policy.ts';
import { isProviders, mappingsIn, mappingsOf, stringMapAt, valueAt } from './walk.ts';

/** Short of the 1 MiB that etcd and the API server take at most: there is time to act, and managed fields come on top. */
const mostConfigMapKiB = 900;

/** Rules of what an object is and of the cluster it goes to. */
export const clusterRules: readonly PolicyRule[] = [
  {
    code: 'POL001',
    rule: 'no secret is written down',
    why: 'a repository is copied, mirrored and kept for ever',
    fix: 'keep it in the secret store and refer to it',
    *check({ manifests }) {
      for (const manifest of manifests) {
        if (manifest.kind === 'Secret') yield { manifest, detail: 'is a Secret' };
        for (const { path, value } of mappingsIn(manifest)) {
          // An environment variable that is named like a secret must not hold one.
          if (
            /(PASSWORD|SECRET|TOKEN|PRIVATE_KEY|API_KEY)$/.test(String(value.name)) &&
            typeof value.value === 'string'
          ) {
            yield { manifest, detail: `${path} gives ${String(value.name)} a value` };
          }
        }
        for (const { message } of findSecrets('', writeYaml(manifest))) yield { manifest, detail: message };
      }
    },
  },
  {
    code: 'POL005',
    rule: 'every namespace is rendered, and closed by default',
    why: 'a pod that no policy selects may be called by, and may call, anyone',
    fix: 'let generators/namespaces render it',
    *check({ manifests }) {
      const namespaces = new Set(
        manifests.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name),
      );
      const closed = new Set(manifests.filter(isDefaultDeny).map(({ metadata }) => metadata.namespace));
      const seen = new Set<string>();
      for (const manifest of manifests) {
        const { kind, metadata } = manifest;
        if (kind === 'Namespace' && !closed.has(metadata.name)) yield { manifest, detail: 'denies nothing by default' };
        const { namespace } = metadata;
        if (namespace === undefined || namespaces.has(namespace) || given.has(namespace) || seen.has(namespace))
          continue;
        seen.add(namespace);
        yield { manifest, detail: `is in namespace ${namespace}, which is not rendered` };
      }
    },
  },
  {
    code: 'POL006',
    rule: 'what holds data is kept when its file goes',
    why: 'a wrong merge must not delete a database, a disk or a cluster',
    fix: 'render it with keptForEver; a person deletes it',
    *check({ manifests }) {
      for (const manifest of manifests) {
        const options = manifest.metadata.annotations?.['argocd.argoproj.io/sync-options']?.split(',') ?? [];
        if (holdsData(manifest) && !(options.includes('Prune=false') && options.includes('Delete=false'))) {
          yield { manifest, detail: 'would be deleted with its file' };
        }
        if (manifest.kind === 'Namespace' && !options.includes('Prune=confirm')) {
          yield { manifest, detail: 'would be deleted, with all in it, without a question' };
        }
      }
    },
  },
  {
    code: 'POL007',
    rule: 'what the public reaches asks who calls, or is declared open',
    why: 'an open door must be a decision',
    fix: 'set "auth:" on the route in catalog/services; other doors need an exception',
    *check({ manifests, inputs }) {
      const routes = inputs.catalog.services.flatMap(({ id, routes }) =>
        routes.map((route) => ({ ...route, service: id })),
      );
      for (const manifest of manifests) {
        const { kind } = manifest;
        const type = valueAt(manifest, 'spec', 'type');
        if (kind === 'Service' && (type === 'LoadBalancer' || type === 'NodePort')) {
          yield { manifest, detail: `is reached from outside, past the gateway (type ${type})` };
        }
        if (kind === 'TCPIngress' || kind === 'UDPIngress') {
          yield { manifest, detail: 'leads past what asks callers of routes who they are' };
        }
        if (kind !== 'Ingress' && !/Route$/.test(kind)) continue;
        const plugins = manifest.metadata.annotations?.['konghq.com/plugins']?.split(',') ?? [];
        for (const { path, service } of pathsOf(manifest)) {
          const route = routes.find((one) => one.service === service && one.path === path);
          if (route === undefined) yield { manifest, detail: `leads ${path} to ${service}, which has no such route` };
          else if (route.auth === 'jwt' && !plugins.some((plugin) => askForToken.has(plugin))) {
            yield { manifest, detail: `lets callers of ${path} in without a token` };
          }
        }
      }
    },
  },
  {
    code: 'POL008',
    rule: 'an object comes from a catalog entry that exists',
    why: 'an orphan is deployed for ever, and nobody knows why',
    fix: 'name its sources in metadataOf',
    *check({ manifests, inputs }) {
      const known = new Set([
        `environment/${inputs.environment.name}`,
        ...kinds.flatMap(({ kind, key }) =>
          inputs.catalog[key].map((entry: object) => `${kind}/${getId(kind, entry)}`),
        ),
      ]);
      for (const manifest of manifests) {
        const sources = sourcesOf(manifest);
        if (sources.length === 0) yield { manifest, detail: 'names no source' };
        for (const source of sources)
          if (!known.has(source)) yield { manifest, detail: `comes from ${source}, which is not there` };
      }
    },
  },
  {
    code: 'POL010',
    rule: 'an object is rendered once for a cluster',
    why: 'of two with one identity the last one wins, and Argo CD never comes to rest',
    fix: 'rename one of the two',
    *check({ manifests }) {
      const seen = new Set<string>();
      for (const manifest of manifests) {
        const identity = identityOf(manifest);
        if (seen.has(identity)) yield { manifest, detail: 'is rendered twice' };
        seen.add(identity);
      }
    },
  },
  {
    code: 'POL012',
    rule: `a ConfigMap holds at most ${mostConfigMapKiB} KiB`,
    why: 'the API server refuses one above 1 MiB, and the release would stop half way',
    fix: 'give the service a slice of the catalog ("reads:", "shards:"), or split what it holds',
    *check({ manifests }) {
      for (const manifest of manifests) {
        if (manifest.kind !== 'ConfigMap') continue;
        const kib = Math.ceil(new TextEncoder().encode(JSON.stringify(manifest)).length / 1024);
        if (kib > mostConfigMapKiB) yield { manifest, detail: `takes ${kib} KiB` };
      }
    },
  },
];

/** Plugins of Kong that let nobody through without a token. */
const askForToken: ReadonlySet<string> = new Set(Object.values(tokenPlugins));

/** Namespaces that every cluster has from the start. */
const given = new Set(['kube-system']);

/** Kinds whose objects are data, or machines with data on them. Providers' objects are told by their groups. */
const dataKinds = new Set([
  'ClickHouseInstallation.clickhouse.altinity.com',
  'ClickHouseKeeperInstallation.clickhouse-keeper.altinity.com',
  'Cluster.postgresql.cnpg.io',
  'Elasticsearch.elasticsearch.k8s.elastic.co',
  'Kafka.kafka.strimzi.io',
  'KafkaNodePool.kafka.strimzi.io',
  'KafkaTopic.kafka.strimzi.io',
  'MongoDBCommunity.mongodbcommunity.mongodb.com',
  'PersistentVolumeClaim',
  'Redis.redis.redis.opstreelabs.in',
  'RedisCluster.redis.redis.opstreelabs.in',
  'RedisReplication.redis.redis.opstreelabs.in',
  'StatefulSet.apps',
  'Tenant.minio.min.io',
]);

/**
 * Whether something is lost for ever when the object goes: a store, a disk, a machine. A StatefulSet whose claims outlive
 * it holds nothing itself.
 */
function holdsData(manifest: Manifest): boolean {
  const { apiVersion, kind } = manifest;
  if (kind === 'StatefulSet' && keepsClaims(manifest)) return false;
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  if (dataKinds.has(group === '' ? kind : `${kind}.${group}`)) return true;
  return (
    isProviders(apiVersion) &&
    !/^(pkg|apiextensions)\./.test(group) &&
    !/ProviderConfig|HealthCheck|Template$/.test(kind)
  );
}

function keepsClaims(statefulSet: Manifest): boolean {
  return valueAt(statefulSet, 'spec', 'persistentVolumeClaimRetentionPolicy', 'whenDeleted') === 'Retain';
}

function isDefaultDeny(manifest: Manifest): boolean {
  if (manifest.kind !== 'NetworkPolicy') return false;
  const { podSelector, policyTypes, ingress, egress } = stringlySpec(manifest);
  const selectsAll = Object.keys(stringMapAt(podSelector, 'matchLabels')).length === 0;
  const both = Array.isArray(policyTypes) && policyTypes.includes('Ingress') && policyTypes.includes('Egress');
  return selectsAll && both && ingress === undefined && egress === undefined;
}

function stringlySpec(manifest: Manifest) {
  const of = (key: string) => valueAt(manifest, 'spec', key);
  return {
    podSelector: of('podSelector'),
    policyTypes: of('policyTypes'),
    ingress: of('ingress'),
    egress: of('egress'),
  };
}

function pathsOf(manifest: Manifest): { path: string; service: string }[] {
  return mappingsOf(valueAt(manifest, 'spec', 'rules')).flatMap((rule) =>
    mappingsOf(valueAt(rule, 'http', 'paths')).map((one) => ({
      path: String(one.path),
      service: String(valueAt(one, 'backend', 'service', 'name')),
    })),
  );
}

/** Groups what was rendered by cluster. */
export function clustersIn(inputs: Cluster['inputs'], apps: Cluster['apps']): Cluster[] {
  return [...Map.groupBy(apps, ({ cluster }) => cluster)].map(([name, group]) => ({
    inputs,
    name,
    apps: group,
    manifests: group.flatMap(({ manifests }) => manifests),
  }));
}
