import { namespaceNameLabel } from '../conventions.ts';
import type { Manifest } from '../emit/manifest.ts';
import type { Json } from '../emit/yaml.ts';
import { genericReferences } from './generic-references.ts';
import type { Breach, PolicyRule } from './policy.ts';
import { createIndex, type Index } from './reference-index.ts';
import {
  containersOf,
  isMapping,
  mappingsIn,
  mappingsOf,
  podSpecsOf,
  stringMapAt,
  stringsIn,
  valueAt,
} from './walk.ts';

/** Every word by which an object names another must lead somewhere in its cluster. */
export const referenceRule: PolicyRule = {
  code: 'POL009',
  rule: 'a reference leads to something that is there',
  why: 'a Service without pods, or a pod without its Secret, is found out in production only',
  fix: 'render what it names, or correct the name',
  *check(cluster) {
    const index = createIndex(cluster);
    for (const manifest of cluster.manifests) {
      for (const check of [
        genericReferences,
        ...(checksOf[manifest.kind] ?? []),
        ...(podSpecsOf(manifest).length > 0 ? [podReferences] : []),
      ]) {
        for (const detail of check(manifest, index)) yield { manifest, detail } satisfies Breach;
      }
    }
  },
};

type Check = (manifest: Manifest, index: Index) => Iterable<string>;

/** What each kind refers to. Read it as the list of what must resolve. */
const checksOf: Readonly<Record<string, readonly Check[]>> = {
  Service: [serviceSelectsPods],
  HorizontalPodAutoscaler: [scaleTarget('scaleTargetRef')],
  ScaledObject: [scaleTarget('scaleTargetRef')],
  PodDisruptionBudget: [selectsPods('selector')],
  NetworkPolicy: [selectsPods('podSelector'), policyPeers],
  ServiceMonitor: [monitorFindsServices],
  PodMonitor: [selectsPods('selector')],
  Ingress: [ingressReferences],
  TCPIngress: [ingressReferences],
  ExternalSecret: [secretStoreExists],
  Certificate: [issuerExists],
  KongConsumer: [consumerCredentials],
  ScheduledBackup: [names('Cluster', 'spec', 'cluster', 'name')],
  KafkaTopic: [labelNames('Kafka', 'strimzi.io/cluster')],
  KafkaUser: [labelNames('Kafka', 'strimzi.io/cluster')],
  KafkaNodePool: [labelNames('Kafka', 'strimzi.io/cluster')],
  StatefulSet: [names('Service', 'spec', 'serviceName')],
};

function* podReferences(manifest: Manifest, index: Index): Iterable<string> {
  const { namespace } = manifest.metadata;
  for (const pod of podSpecsOf(manifest)) {
    const { serviceAccountName, priorityClassName } = pod.value;
    if (serviceAccountName !== undefined && !index.has('ServiceAccount', serviceAccountName, namespace)) {
      yield `${pod.path} runs as ${String(serviceAccountName)}, which is not there`;
    }
    if (priorityClassName !== undefined && !index.has('PriorityClass', priorityClassName)) {
      yield `${pod.path} is of class ${String(priorityClassName)}, which is not there`;
    }
    for (const volume of mappingsOf(pod.value.volumes)) {
      const config = valueAt(volume, 'configMap', 'name');
      if (config !== undefined && !index.has('ConfigMap', config, namespace))
        yield `mounts ConfigMap ${String(config)}, which is not there`;
      const secret = valueAt(volume, 'secret', 'secretName');
      if (secret !== undefined && !index.has('Secret', secret, namespace))
        yield `mounts Secret ${String(secret)}, which nothing makes`;
      const claim = valueAt(volume, 'persistentVolumeClaim', 'claimName');
      if (claim !== undefined && !index.has('PersistentVolumeClaim', claim, namespace))
        yield `mounts claim ${String(claim)}, which is not there`;
    }
    const volumes = new Set([
      ...mappingsOf(pod.value.volumes).map(({ name }) => name),
      ...mappingsOf(valueAt(manifest, 'spec', 'volumeClaimTemplates')).map((claim) =>
        valueAt(claim, 'metadata', 'name'),
      ),
    ]);
    // Pods of operators get volumes that we do not write.
    const isOurs = /^(apps|batch)\//.test(manifest.apiVersion);
    for (const container of containersOf(pod)) {
      for (const { value } of mappingsIn(container.value)) {
        for (const [key, kind] of [
          ['configMapKeyRef', 'ConfigMap'],
          ['configMapRef', 'ConfigMap'],
        ] as const) {
          const name = valueAt(value[key], 'name');
          if (name !== undefined && !index.has(kind, name, namespace))
            yield `${container.path} reads ${kind} ${String(name)}, which nothing makes`;
        }
      }
      for (const { name } of isOurs ? mappingsOf(container.value.volumeMounts) : []) {
        if (!volumes.has(name)) yield `${container.path} mounts ${String(name)}, which is no volume of its pod`;
      }
    }
  }
}

function* serviceSelectsPods(manifest: Manifest, index: Index): Iterable<string> {
  const policy = manifest.metadata.annotations?.['konghq.com/upstream-policy'];
  if (policy !== undefined && !index.has('KongUpstreamPolicy', policy, manifest.metadata.namespace))
    yield `asks for upstream policy ${policy}, which is not there`;
  const selector = valueAt(manifest, 'spec', 'selector');
  if (selector === undefined) return;
  const pods = index.pods({ matchLabels: selector }, manifest.metadata.namespace);
  if (pods.length === 0) yield `selects no pod (${JSON.stringify(selector)})`;
  const known = pods.flatMap(({ ports }) => (ports === undefined ? [] : [ports]));
  if (known.length < pods.length) return;
  for (const { port, targetPort = port } of mappingsOf(valueAt(manifest, 'spec', 'ports'))) {
    if (known.length > 0 && !known.some((ports) => ports.has(String(targetPort))))
      yield `leads to port ${String(targetPort)}, which no pod has`;
  }
}

function scaleTarget(key: string): Check {
  return function* (manifest, index) {
    const target = valueAt(manifest, 'spec', key);
    const kind = String(valueAt(target, 'kind') ?? 'Deployment');
    const name = valueAt(target, 'name');
    if (!index.has(kind, name, manifest.metadata.namespace)) yield `scales ${kind} ${String(name)}, which is not there`;
  };
}

function selectsPods(key: string): Check {
  return function* (manifest, index) {
    const selector = valueAt(manifest, 'spec', key);
    if (isEmptySelector(selector)) return;
    const anywhere = valueAt(manifest, 'spec', 'namespaceSelector') !== undefined;
    if (index.pods(selector, anywhere ? undefined : manifest.metadata.namespace).length === 0)
      yield `selects no pod (${JSON.stringify(selector)})`;
  };
}

function* policyPeers(manifest: Manifest, index: Index): Iterable<string> {
  const peers = ['ingress', 'egress'].flatMap((direction) =>
    mappingsOf(valueAt(manifest, 'spec', direction)).flatMap((rule) =>
      mappingsOf(rule[direction === 'ingress' ? 'from' : 'to']),
    ),
  );
  for (const { namespaceSelector, podSelector } of peers) {
    const named = namespacesOf(namespaceSelector);
    for (const name of named ?? []) {
      if (!index.namespaces.has(name)) yield `speaks of namespace ${name}, which is not rendered`;
    }
    const own = namespaceSelector === undefined ? [manifest.metadata.namespace ?? ''] : named;
    // What runs in a namespace of the platform comes from its chart.
    if (podSelector === undefined || isEmptySelector(podSelector) || own === undefined) continue;
    const rendered = own.filter((name) => index.pods({}, name).length > 0);
    if (rendered.length > 0 && !rendered.some((name) => index.pods(podSelector, name).length > 0)) {
      yield `speaks of pods ${JSON.stringify(podSelector)} in ${own.join(', ')}, where none is`;
    }
  }
}

/** The namespaces that a selector names; undefined when it selects them by anything else. */
function namespacesOf(selector: Json | undefined): string[] | undefined {
  const name = stringMapAt(selector, 'matchLabels')[namespaceNameLabel];
  if (name !== undefined) return [name];
  const expressions = mappingsOf(valueAt(selector, 'matchExpressions')).filter(({ key }) => key === namespaceNameLabel);
  const values = expressions.flatMap((one) => (Array.isArray(one.values) ? one.values : []));
  return values.length === 0 ? undefined : values.map(String);
}

function* monitorFindsServices(manifest: Manifest, index: Index): Iterable<string> {
  const namespaces = valueAt(manifest, 'spec', 'namespaceSelector', 'matchNames');
  const where = Array.isArray(namespaces) ? namespaces.map(String) : [manifest.metadata.namespace ?? ''];
  const labels = stringMapAt(manifest, 'spec', 'selector', 'matchLabels');
  const found = index.services(labels, where);
  if (found.length === 0) yield `finds no Service (${JSON.stringify(labels)})`;
  const ports = new Set(
    found.flatMap((service) => mappingsOf(valueAt(service, 'spec', 'ports')).map(({ name }) => name)),
  );
  for (const { port } of mappingsOf(valueAt(manifest, 'spec', 'endpoints'))) {
    if (found.length > 0 && port !== undefined && !ports.has(port))
      yield `scrapes port ${String(port)}, which its Service has not`;
  }
}

function* ingressReferences(manifest: Manifest, index: Index): Iterable<string> {
  const { namespace, annotations } = manifest.metadata;
  for (const { value } of mappingsIn(manifest)) {
    const service = valueAt(value, 'service', 'name');
    if (service === undefined) continue;
    const ports = index.portsOf(service, namespace);
    const port = valueAt(value, 'service', 'port', 'name') ?? valueAt(value, 'service', 'port', 'number');
    // The ports of a chart's Service are not ours to write.
    if (ports === undefined && index.has('Service', service, namespace)) continue;
    if (ports === undefined) yield `leads to Service ${String(service)}, which is not there`;
    else if (!ports.has(String(port)))
      yield `leads to port ${String(port)} of Service ${String(service)}, which has none`;
  }
  // As TCPIngress says it.
  for (const rule of mappingsOf(valueAt(manifest, 'spec', 'rules'))) {
    const service = valueAt(rule, 'backend', 'serviceName');
    if (service !== undefined && !index.has('Service', service, namespace))
      yield `leads to Service ${String(service)}, which is not there`;
  }
  for (const { secretName } of mappingsOf(valueAt(manifest, 'spec', 'tls'))) {
    if (!index.has('Secret', secretName, namespace))
      yield `shows the certificate in ${String(secretName)}, which nothing makes`;
  }
  for (const plugin of annotations?.['konghq.com/plugins']?.split(',') ?? []) {
    if (!index.has('KongClusterPlugin', plugin) && !index.has('KongPlugin', plugin, namespace))
      yield `asks for plugin ${plugin}, which is not there`;
  }
}

function* secretStoreExists(manifest: Manifest, index: Index): Iterable<string> {
  const reference = valueAt(manifest, 'spec', 'secretStoreRef');
  const [kind, name] = [String(valueAt(reference, 'kind') ?? 'SecretStore'), valueAt(reference, 'name')];
  if (
    reference !== undefined &&
    !index.has(kind, name, kind === 'SecretStore' ? manifest.metadata.namespace : undefined)
  ) {
    yield `reads ${kind} ${String(name)}, which is not there`;
  }
}

function* issuerExists(manifest: Manifest, index: Index): Iterable<string> {
  const reference = valueAt(manifest, 'spec', 'issuerRef');
  const [kind, name] = [String(valueAt(reference, 'kind') ?? 'Issuer'), valueAt(reference, 'name')];
  if (!index.has(kind, name, kind === 'Issuer' ? manifest.metadata.namespace : undefined))
    yield `asks ${kind} ${String(name)}, which is not there`;
}

function* consumerCredentials(manifest: Manifest, index: Index): Iterable<string> {
  const { credentials } = manifest;
  for (const name of Array.isArray(credentials) ? credentials : []) {
    if (!index.has('Secret', name, manifest.metadata.namespace))
      yield `reads its key from ${String(name)}, which nothing makes`;
  }
  for (const plugin of manifest.metadata.annotations?.['konghq.com/plugins']?.split(',') ?? []) {
    if (!index.has('KongClusterPlugin', plugin) && !index.has('KongPlugin', plugin, manifest.metadata.namespace))
      yield `asks for plugin ${plugin}, which is not there`;
  }
}

function names(kind: string, ...path: readonly string[]): Check {
  return function* (manifest, index) {
    const name = valueAt(manifest, ...path);
    if (name !== undefined && !index.has(kind, name, manifest.metadata.namespace))
      yield `names ${kind} ${String(name)}, which is not there`;
  };
}

function labelNames(kind: string, label: string): Check {
  return function* (manifest, index) {
    const name = stringMapAt(manifest, 'metadata', 'labels')[label];
    if (!index.has(kind, name, manifest.metadata.namespace))
      yield `belongs to ${kind} ${String(name)}, which is not there`;
  };
}

function isEmptySelector(selector: Json | undefined): boolean {
  return !isMapping(selector) || [...stringsIn(selector)].length === 0;
}
