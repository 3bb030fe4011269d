import { isPlaced } from '../clusters.ts';
import { storageClass, storeLabel } from '../conventions.ts';
import { type Manifest, sourcesOf } from '../emit/manifest.ts';
import type { Json, JsonObject } from '../emit/yaml.ts';
import { chartServices } from '../platform/chart-services.ts';
import type { Cluster } from './policy.ts';
import {
  containersOf,
  isMapping,
  isProviders,
  mappingsIn,
  mappingsOf,
  podSpecsOf,
  stringMapAt,
  valueAt,
} from './walk.ts';

/** What of a cluster is looked up. */
export interface Index {
  has(kind: string, name: Json | undefined, namespace?: string): boolean;
  /** The keys of a Secret that comes to be; undefined where we do not write them. */
  keysOf(secret: Json | undefined, namespace: string | undefined): ReadonlySet<string> | undefined;
  /** Whether some object of a cloud provider has this name, of this kind if one is given. */
  hasMachine(name: Json | undefined, kind?: string): boolean;
  /** Pods, known by their labels: of our workloads, and of those that operators make from their objects. */
  pods(selector: Json | undefined, namespace: string | undefined): Pod[];
  /** Names and numbers of a Service's ports; undefined if there is no such Service. */
  portsOf(service: Json | undefined, namespace: string | undefined): ReadonlySet<string> | undefined;
  services(labels: Record<string, string>, namespaces: readonly string[] | 'any'): Manifest[];
  namespaces: ReadonlySet<string>;
}

interface Pod {
  readonly namespace: string | undefined;
  readonly labels: Record<string, string>;
  /** Undefined for pods that an operator makes, whose ports we do not write. */
  readonly ports: ReadonlySet<string> | undefined;
}

/** What there is in a cluster, or will be because of what is rendered for it. */
export function createIndex({ manifests, apps, inputs }: Cluster): Index {
  const known = new Set<string>();
  const secretKeys = new Map<string, ReadonlySet<string>>();
  const machines = new Set<string>();
  const add = (kind: string, name: Json | undefined, namespace: string | undefined) =>
    known.add(`${kind} ${namespace ?? ''} ${String(name)}`);
  for (const manifest of manifests) {
    const { kind, metadata } = manifest;
    add(kind, metadata.name, metadata.namespace);
    for (const { name, keys } of secretsMadeBy(manifest)) {
      add('Secret', name, metadata.namespace);
      if (keys !== undefined) secretKeys.set(`${metadata.namespace ?? ''} ${String(name)}`, new Set(keys));
    }
    // Its operator makes the Service.
    if (kind === 'ClickHouseInstallation') add('Service', `clickhouse-${metadata.name}`, metadata.namespace);
    if (kind === 'Kafka') {
      for (const service of servicesOfKafka(manifest, manifests)) add('Service', service, metadata.namespace);
    }
    if (isProviders(manifest.apiVersion)) {
      machines.add(metadata.name);
      machines.add(`${kind} ${metadata.name}`);
    }
  }
  const pool = inputs.catalog.pools.find(({ id }) => id === apps[0]?.pool);
  // A pool without a provider has no disks yet: their class is among what it waits for.
  if (pool !== undefined && !isPlaced(pool)) add('StorageClass', storageClass, undefined);
  const sources = new Set(manifests.flatMap(sourcesOf));
  for (const { component, name, namespace } of Object.values(chartServices)) {
    if (sources.has(`component/${component}`)) add('Service', name, namespace);
  }
  const pods = manifests.flatMap(podsMadeBy);
  const services = manifests.filter(({ kind }) => kind === 'Service');
  return {
    has: (kind, name, namespace) => known.has(`${kind} ${namespace ?? ''} ${String(name)}`),
    keysOf: (secret, namespace) => secretKeys.get(`${namespace ?? ''} ${String(secret)}`),
    hasMachine: (name, kind) => machines.has(kind === undefined ? String(name) : `${kind} ${String(name)}`),
    pods: (selector, namespace) =>
      pods.filter((pod) => (namespace === undefined || pod.namespace === namespace) && selects(selector, pod.labels)),
    portsOf: (service, namespace) => {
      const found = services.find(({ metadata }) => metadata.name === service && metadata.namespace === namespace);
      if (found === undefined) return undefined;
      const ports = mappingsOf(valueAt(found, 'spec', 'ports'));
      return new Set(ports.flatMap(({ name, port }) => [String(name), String(port)]));
    },
    services: (labels, namespaces) =>
      services.filter(
        ({ metadata }) =>
          (namespaces === 'any' || namespaces.includes(metadata.namespace ?? '')) &&
          contains(stringMapAt(metadata, 'labels'), labels),
      ),
    namespaces: new Set([
      'kube-system',
      ...manifests.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name),
    ]),
  };
}

interface MadeSecret {
  readonly name: Json;
  /** Undefined where whoever makes it says which. */
  readonly keys?: readonly string[];
}

/** The Secrets that come to be because of an object. */
function secretsMadeBy(manifest: Manifest): MadeSecret[] {
  const { kind, metadata } = manifest;
  switch (kind) {
    case 'ExternalSecret': {
      const made = mappingsOf(valueAt(manifest, 'spec', 'data')).map(({ secretKey }) => String(secretKey));
      const templated = Object.keys(stringMapAt(manifest, 'spec', 'target', 'template', 'data'));
      const merges = valueAt(manifest, 'spec', 'target', 'template', 'mergePolicy') === 'Merge';
      const keys = templated.length === 0 ? made : merges ? [...made, ...templated] : templated;
      return [{ name: valueAt(manifest, 'spec', 'target', 'name') ?? metadata.name, keys }];
    }
    case 'Certificate':
      return [
        {
          name: valueAt(manifest, 'spec', 'secretName') ?? metadata.name,
          keys: ['tls.crt', 'tls.key', 'ca.crt', 'tls-combined.pem'],
        },
      ];
    case 'KafkaUser':
      return [{ name: `kafka-user-${metadata.name}` }];
    case 'Kafka':
      return [{ name: `${metadata.name}-cluster-ca-cert` }, { name: `${metadata.name}-clients-ca-cert` }];
    case 'Elasticsearch':
      return [{ name: `${metadata.name}-es-elastic-user` }, { name: `${metadata.name}-es-http-certs-public` }];
    default:
      return [];
  }
}

/** The pods that come to be because of an object. */
function podsMadeBy(manifest: Manifest): Pod[] {
  const { namespace } = manifest.metadata;
  const template =
    valueAt(manifest, 'spec', 'template') ?? valueAt(manifest, 'spec', 'jobTemplate', 'spec', 'template');
  if (/^(apps|batch)\//.test(manifest.apiVersion) && isMapping(template)) {
    return [{ namespace, labels: stringMapAt(template, 'metadata', 'labels'), ports: portsOf(template) }];
  }
  // An operator's object: wherever it says labels, its pods may carry them, beside those the operator gives.
  const written = [...mappingsIn(manifest.spec)]
    .map(({ value }) => stringMapAt(value, 'labels'))
    .filter((labels) => labels[storeLabel] !== undefined);
  const given = labelsByOperator(manifest);
  return (written.length === 0 ? (Object.keys(given).length === 0 ? [] : [{}]) : written).map((labels) => ({
    namespace,
    labels: { ...given, ...labels },
    ports: undefined,
  }));
}

/** The Services of a Kafka's listeners of type `cluster-ip`: Strimzi makes one to ask first, and one for each broker. */
function servicesOfKafka({ metadata, spec }: Manifest, manifests: readonly Manifest[]): string[] {
  const brokers = manifests
    .filter(
      ({ kind, metadata: own }) =>
        kind === 'KafkaNodePool' &&
        own.namespace === metadata.namespace &&
        valueAt(own, 'labels', 'strimzi.io/cluster') === metadata.name,
    )
    .flatMap((pool) =>
      Array.from(
        { length: Number(valueAt(pool, 'spec', 'replicas')) },
        (_, id) => (listener: string) => `${metadata.name}-${pool.metadata.name}-${listener}-${id}`,
      ),
    );
  return mappingsOf(valueAt(spec, 'kafka', 'listeners'))
    .filter(({ type }) => type === 'cluster-ip')
    .flatMap(({ name }) => [
      `${metadata.name}-kafka-${String(name)}-bootstrap`,
      ...brokers.map((nameOf) => nameOf(String(name))),
    ]);
}

/** Labels that operators put on the pods of their objects, by their documentation. */
function labelsByOperator({ kind, metadata: { name, labels }, spec }: Manifest): Record<string, string> {
  switch (kind) {
    case 'Cluster':
      return spec !== undefined && valueAt(spec, 'instances') !== undefined ? { 'cnpg.io/cluster': name } : {};
    case 'Certificate':
      // While a domain is being proven.
      return { 'acme.cert-manager.io/http01-solver': 'true' };
    case 'Kafka':
      return { 'strimzi.io/cluster': name, 'strimzi.io/kind': 'Kafka', 'strimzi.io/name': `${name}-kafka` };
    case 'ClickHouseInstallation':
      return { 'clickhouse.altinity.com/chi': name };
    case 'ClickHouseKeeperInstallation':
      return { 'clickhouse-keeper.altinity.com/chk': name };
    case 'Elasticsearch':
      return { 'elasticsearch.k8s.elastic.co/cluster-name': name };
    case 'Kibana':
      return { 'kibana.k8s.elastic.co/name': name };
    case 'Logstash':
      return { 'logstash.k8s.elastic.co/name': name };
    case 'Tenant':
      return { 'v1.min.io/tenant': name };
    case 'MongoDBCommunity':
      return { app: `${name}-svc` };
    case 'Redis':
    case 'RedisReplication':
    case 'RedisSentinel':
    case 'RedisCluster':
      return { ...stringMapAt({ labels: labels ?? {} }, 'labels'), app: name };
    default:
      return {};
  }
}

function portsOf(template: JsonObject): ReadonlySet<string> {
  const ports = podSpecsOf({ apiVersion: '', kind: '', metadata: { name: '' }, spec: template }).flatMap((pod) =>
    containersOf(pod).flatMap(({ value }) => mappingsOf(value.ports)),
  );
  return new Set(ports.flatMap(({ name, containerPort }) => [String(name), String(containerPort)]));
}

function selects(selector: Json | undefined, labels: Record<string, string>): boolean {
  const matches = contains(labels, stringMapAt(selector, 'matchLabels'));
  return matches && mappingsOf(valueAt(selector, 'matchExpressions')).every((one) => fits(one, labels));
}

function fits({ key, operator, values }: JsonObject, labels: Record<string, string>): boolean {
  const value = labels[String(key)];
  const list = Array.isArray(values) ? values.map(String) : [];
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'DoesNotExist') return value === undefined;
  return (value !== undefined && list.includes(value)) === (operator === 'In');
}

function contains(labels: Record<string, string>, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}
