import { describe, expect, it } from 'vitest';
import type { App } from '../app.ts';
import { metadataOf } from '../app.ts';
import { type Manifest, toManifest } from '../emit/manifest.ts';
import type { RenderInputs } from '../inputs.ts';
import { inputsOf } from '../testing/project.ts';
import { checkPolicy, policyRules } from './check.ts';

const inputs = inputsOf('staging');

/** One change of a clean cluster that breaks a rule: its code, what it is, the object, and what becomes of it. */
type Break = [code: string, what: string, object: string, change: (body: Body) => unknown];

const breaks: Break[] = [
  [
    'POL001',
    'a Secret is rendered',
    'Secret/extra',
    () => ({ apiVersion: 'v1', kind: 'Secret', metadata: meta('extra') }),
  ],
  [
    'POL001',
    'a password stands in a variable',
    'Deployment/api',
    ({ container }) => container.env.push({ name: 'DB_PASSWORD', value: 'x' }),
  ],
  [
    'POL001',
    'a key stands in a ConfigMap',
    'ConfigMap/api',
    ({ body }) => Object.assign(body.data, { note: 'AKIAIOSFODNN7EXAMPLE' }),
  ],
  [
    'POL002',
    'an image moves',
    'Deployment/api',
    ({ container }) => Object.assign(container, { image: 'registry/api:latest' }),
  ],
  [
    'POL002',
    'an image has no tag',
    'Deployment/api',
    ({ container }) => Object.assign(container, { image: 'registry:5000/api' }),
  ],
  ['POL003', 'a container has no limit', 'Deployment/api', ({ container }) => delete container.resources.limits],
  [
    'POL004',
    'a container is privileged',
    'Deployment/api',
    ({ container }) => Object.assign(container.securityContext, { privileged: true }),
  ],
  [
    'POL004',
    'a pod is on the net of its node',
    'Deployment/api',
    ({ pod }) => Object.assign(pod, { hostNetwork: true }),
  ],
  [
    'POL004',
    'a container may run as root',
    'Deployment/api',
    ({ pod }) => Object.assign(pod.securityContext, { runAsNonRoot: false }),
  ],
  ['POL004', 'a namespace lets any pod in', 'Namespace/analytics', ({ body }) => delete body.metadata.labels],
  [
    'POL005',
    'a namespace is open',
    'NetworkPolicy/default-deny',
    ({ body }) => Object.assign(body.spec, { egress: [{}] }),
  ],
  [
    'POL005',
    'a namespace is not rendered',
    'ConfigMap/api',
    ({ body }) => Object.assign(body.metadata, { namespace: 'elsewhere' }),
  ],
  [
    'POL006',
    'a StatefulSet goes with its file',
    'Deployment/api',
    ({ body }) => Object.assign(body, { kind: 'StatefulSet' }),
  ],
  [
    'POL006',
    'a namespace goes without a question',
    'Namespace/analytics',
    ({ body }) => delete body.metadata.annotations['argocd.argoproj.io/sync-options'],
  ],
  [
    'POL007',
    'a route asks for no token',
    'Ingress/analytics-api',
    ({ body }) => Object.assign(body.metadata.annotations, { 'konghq.com/plugins': 'cors' }),
  ],
  [
    'POL007',
    'a route is none of the catalog',
    'Ingress/analytics-api',
    ({ body }) => Object.assign(body.spec.rules[0].http.paths[0], { path: '/secret' }),
  ],
  [
    'POL007',
    'a Service is reached past the gateway',
    'Service/analytics-api',
    ({ body }) => Object.assign(body.spec, { type: 'LoadBalancer' }),
  ],
  [
    'POL008',
    'an entry is not there',
    'ConfigMap/api',
    ({ body }) => Object.assign(body.metadata.annotations, { 'defimon.highfunk.uk/sources': 'service/gone' }),
  ],
  [
    'POL009',
    'a Service selects nothing',
    'Service/analytics-api',
    ({ body }) => Object.assign(body.spec.selector, { app: 'other' }),
  ],
  [
    'POL009',
    'a Service leads to a port that no pod has',
    'Service/analytics-api',
    ({ body }) => Object.assign(body.spec.ports[0], { targetPort: 'grpc' }),
  ],
  [
    'POL009',
    'a pod reads a ConfigMap that is gone',
    'Deployment/api',
    ({ pod }) => Object.assign(pod.volumes[0].configMap, { name: 'gone' }),
  ],
  [
    'POL009',
    'a pod runs as nobody known',
    'Deployment/api',
    ({ pod }) => Object.assign(pod, { serviceAccountName: 'gone' }),
  ],
  [
    'POL009',
    'a container mounts no volume',
    'Deployment/api',
    ({ container }) => container.volumeMounts.push({ name: 'gone', mountPath: '/x' }),
  ],
  [
    'POL009',
    'a route leads to no Service',
    'Ingress/analytics-api',
    ({ body }) => Object.assign(body.spec.rules[0].http.paths[0].backend.service, { name: 'gone' }),
  ],
  [
    'POL009',
    'a policy speaks of a namespace that is gone',
    'NetworkPolicy/api',
    ({ body }) =>
      Object.assign(body.spec.ingress[0].from[0].namespaceSelector.matchLabels, {
        'kubernetes.io/metadata.name': 'gone',
      }),
  ],
  [
    'POL009',
    'an autoscaler scales nothing',
    'HorizontalPodAutoscaler/api',
    ({ body }) => Object.assign(body.spec.scaleTargetRef, { name: 'gone' }),
  ],
  [
    'POL009',
    'a variable reads a Secret that nothing makes',
    'Deployment/api',
    ({ container }) => container.env.push({ name: 'A', valueFrom: { secretKeyRef: { name: 'gone', key: 'a' } } }),
  ],
  [
    'POL009',
    'a variable reads a key that its Secret has not',
    'Deployment/api',
    ({ container }) => container.env.push({ name: 'A', valueFrom: { secretKeyRef: { name: 'api', key: 'b' } } }),
  ],
  [
    'POL009',
    'an operator’s object asks for disks of no class',
    'ConfigMap/api',
    ({ body }) => Object.assign(body, { spec: { storage: { storageClassName: 'gone' } } }),
  ],
  [
    'POL009',
    'a machine names a net that is gone',
    'ConfigMap/api',
    ({ body }) =>
      Object.assign(body, {
        apiVersion: 'ec2.aws.upbound.io/v1beta1',
        spec: { forProvider: { vpcIdRef: { name: 'gone' } } },
      }),
  ],
  [
    'POL009',
    'a route leads to a port that its Service has not',
    'Ingress/analytics-api',
    ({ body }) => Object.assign(body.spec.rules[0].http.paths[0].backend.service, { port: { name: 'grpc' } }),
  ],
  ['POL010', 'an object is there twice', 'ConfigMap/api', ({ body, all }) => all.push(structuredClone(body))],
  [
    'POL012',
    'a ConfigMap outgrows what Kubernetes takes',
    'ConfigMap/api',
    ({ body }) => Object.assign(body.data, { 'catalog.json': 'ж'.repeat(461 * 1024) }),
  ],
  ['POL011', 'a pod has a token of Kubernetes', 'Deployment/api', ({ pod }) => delete pod.automountServiceAccountToken],
];

describe(checkPolicy.name, () => {
  it('finds nothing in a cluster that holds', () => {
    expect(violationsOf(clean())).toEqual([]);
  });

  it.each(breaks)('%s: %s', (code, _what, object, change) => {
    expect(violationsOf(broken(object, change)).map((one) => one.slice(0, 6))).toContain(code);
  });

  it('has a change here for every rule', () => {
    expect([...new Set(breaks.map(([code]) => code))].sort()).toEqual(policyRules.map(({ code }) => code));
  });

  it('lets a StatefulSet go whose disks stay', () => {
    const persistentVolumeClaimRetentionPolicy = { whenDeleted: 'Retain', whenScaled: 'Retain' };
    const objects = broken('Deployment/api', ({ body, all }) => {
      Object.assign(body, { kind: 'StatefulSet', spec: { ...body.spec, persistentVolumeClaimRetentionPolicy } });
      const scaler = all.find(({ kind }) => kind === 'HorizontalPodAutoscaler');
      Object.assign(scaler.spec.scaleTargetRef, { kind: 'StatefulSet' });
    });
    expect(violationsOf(objects)).toEqual([]);
  });

  it('excuses what the catalog excuses, with its reason, and nothing else', () => {
    const objects = broken('Deployment/api', ({ pod }) => Object.assign(pod, { hostNetwork: true }));
    const report = check(objects, [{ rule: 'POL004', object: 'Deployment/a*', reason: 'It measures the net.' }]);
    expect(report.violations).toEqual([]);
    expect(report.excused).toMatchObject([{ by: 'service/analytics-api', reason: 'It measures the net.' }]);
    const other = check(objects, [{ rule: 'POL004', object: 'Deployment/b*', reason: 'It measures the net.' }]);
    expect(other.violations).toHaveLength(1);
    expect(other.unneeded).toHaveLength(1);
  });
});

interface Body {
  // biome-ignore-start lint/suspicious/noExplicitAny: the changes reach into objects of every kind.
  readonly all: any[];
  readonly body: any;
  readonly pod: any;
  readonly container: any;
  // biome-ignore-end lint/suspicious/noExplicitAny: as above.
}

function broken(object: string, change: (body: Body) => unknown): unknown[] {
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  const all: any[] = clean();
  const body = all.find(({ kind, metadata }) => `${kind}/${metadata.name}` === object);
  const pod = body?.spec?.template?.spec;
  const made = change({ all, body, pod, container: pod?.containers[0] });
  return body === undefined ? [...all, made] : all;
}

function violationsOf(objects: readonly unknown[]): string[] {
  return check(objects).violations.map(({ code, object, detail }) => `${code} ${object} ${detail}`);
}

function check(objects: readonly unknown[], exceptions?: { rule: string; object: string; reason: string }[]) {
  const manifests: Manifest[] = objects.map(toManifest);
  const app: App = {
    environment: 'staging',
    pool: 'analytics',
    cluster: 'a',
    namespace: 'analytics',
    name: 'api',
    tier: 'services',
    owner: 'analytics',
    manifests,
  };
  return checkPolicy([{ inputs: exceptions === undefined ? without : withExceptions(exceptions), apps: [app] }]);
}

/** The exceptions of the real catalog are about the real tree. */
const without: RenderInputs = {
  ...inputs,
  catalog: {
    ...inputs.catalog,
    pools: inputs.catalog.pools.map(({ exceptions: _, ...pool }) => pool),
    services: inputs.catalog.services.map(({ exceptions: _, ...service }) => service),
    components: inputs.catalog.components.map(({ exceptions: _, ...component }) => component),
  },
};

function withExceptions(exceptions: { rule: string; object: string; reason: string }[]): RenderInputs {
  const services = without.catalog.services.map((service) =>
    service.id === 'analytics-api' ? { ...service, exceptions } : service,
  );
  return { ...without, catalog: { ...without.catalog, services } };
}

function meta(name: string) {
  return metadataOf({
    name,
    namespace: 'analytics',
    wave: 'config',
    sources: ['service/analytics-api'],
    labels: { app: 'api' },
  });
}

/** A namespace with one service in it that breaks no rule. */
function clean(): object[] {
  const unscoped = metadataOf({
    name: 'analytics',
    wave: 'namespace',
    sources: ['service/analytics-api'],
    labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
    syncOptions: ['Prune=confirm', 'Delete=confirm'],
  });
  const ingress = meta('analytics-api');
  const fromSame = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'analytics' } } };
  return structuredClone([
    { apiVersion: 'v1', kind: 'Namespace', metadata: unscoped },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: meta('default-deny'),
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: meta('api'),
      spec: { podSelector: { matchLabels: { app: 'api' } }, policyTypes: ['Ingress'], ingress: [{ from: [fromSame] }] },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta('api') },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta('api'), data: {} },
    {
      apiVersion: 'external-secrets.io/v1',
      kind: 'ExternalSecret',
      metadata: meta('api'),
      spec: { target: { name: 'api' }, data: [{ secretKey: 'a', remoteRef: { key: 'api', property: 'a' } }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: meta('api'),
      spec: {
        selector: { matchLabels: { app: 'api' } },
        template: {
          metadata: { labels: { app: 'api' } },
          spec: {
            serviceAccountName: 'api',
            automountServiceAccountToken: false,
            securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
            volumes: [{ name: 'config', configMap: { name: 'api' } }],
            containers: [
              {
                name: 'api',
                image: 'registry:5000/api:1.2.3',
                env: [],
                ports: [{ name: 'http', containerPort: 8000 }],
                resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } },
                securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
                volumeMounts: [{ name: 'config', mountPath: '/config' }],
              },
            ],
          },
        },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta('analytics-api'),
      spec: { selector: { app: 'api' }, ports: [{ name: 'http', port: 8000, targetPort: 'http' }] },
    },
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: meta('api'),
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' } },
    },
    { apiVersion: 'configuration.konghq.com/v1', kind: 'KongPlugin', metadata: meta('jwt'), plugin: 'jwt' },
    { apiVersion: 'configuration.konghq.com/v1', kind: 'KongPlugin', metadata: meta('cors'), plugin: 'cors' },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { ...ingress, annotations: { ...ingress.annotations, 'konghq.com/plugins': 'jwt,cors' } },
      spec: {
        rules: [
          {
            http: {
              paths: [
                {
                  path: '/api/v1/analytics',
                  backend: { service: { name: 'analytics-api', port: { name: 'http' } } },
                },
              ],
            },
          },
        ],
      },
    },
  ]);
}
