import {
  type Container,
  type DeploymentStrategy,
  type EnvVar,
  IntOrString,
  KubeDeployment,
  Quantity,
  type ResourceRequirements,
} from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { Resources } from '../../catalog/schema/common.ts';
import { opsPort } from '../conventions.ts';
import { catalogFolder, sliceFile } from './config-map.ts';
import { secretVariablesOf } from './external-secret.ts';
import {
  followsChains,
  isAutoscaled,
  replicasOf,
  type ServiceContext,
  selectorOf,
  serviceMetadata,
} from './service-context.ts';
import { portsOf } from './service-objects.ts';

/** Any id but 0, and the same in every image we build. */
const userId = 10001;

/** Time to finish what runs: an API its requests, chain-sync the commit it is in. */
const drainSeconds = 60;

/** Gateways learn that a pod goes while it goes: until they have, it must take what they still send. */
const unroutedSeconds = '5';

/**
 * The pods of a service, built from the typed classes of cdk8s-plus-28 that mirror Kubernetes 1.28 field by field. Its
 * higher classes are not used: they add requests, limits, probes and a selector made from the construct's path, which
 * no later version could change.
 */
export function renderDeployment(context: ServiceContext): object {
  const { service, environment, slice } = context;
  const replicas = replicasOf(context);
  const selector = selectorOf(service);
  return KubeDeployment.manifest({
    metadata: serviceMetadata(context, 'workload', [`environment/${environment.name}`]),
    spec: {
      ...(isAutoscaled(context) ? {} : { replicas: replicas.min }),
      revisionHistoryLimit: 5,
      selector: { matchLabels: selector },
      strategy: strategyOf(context),
      template: {
        metadata: {
          labels: { ...selector, 'app.kubernetes.io/part-of': 'defimon' },
          // A service that reloads its slice by itself is not restarted for it.
          ...(service.reload === 'hot' ? {} : { annotations: { 'checksum/config': slice.digest } }),
        },
        spec: {
          serviceAccountName: service.id,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: drainSeconds,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: userId,
            runAsGroup: userId,
            fsGroup: userId,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
            maxSkew: 1,
            topologyKey,
            whenUnsatisfiable: 'ScheduleAnyway',
            labelSelector: { matchLabels: selector },
          })),
          containers: [containerOf(context)],
          volumes: [
            { name: 'catalog', configMap: { name: service.id } },
            { name: 'tmp', emptyDir: { sizeLimit: Quantity.fromString('256Mi') } },
          ],
        },
      },
    },
  });
}

/**
 * A service that the catalog holds to one replica is not doubled while it is replaced either: two chain-syncs would spend
 * every provider's rate budget twice, and refuse each other's commits.
 */
function strategyOf({ service }: ServiceContext): DeploymentStrategy {
  if (service.scaling.max === 1) return { type: 'Recreate' };
  const rollingUpdate = { maxSurge: IntOrString.fromNumber(1), maxUnavailable: IntOrString.fromNumber(0) };
  return { type: 'RollingUpdate', rollingUpdate };
}

function containerOf(context: ServiceContext): Container {
  const { service, environment, image } = context;
  return {
    name: service.id,
    image,
    imagePullPolicy: 'IfNotPresent',
    args: [
      `--target=${service.id}`,
      `--environment=${environment.name}`,
      `--catalog=${catalogFolder}/${sliceFile}`,
      // Probes, Prometheus and the gateway come from other pods.
      '--host=0.0.0.0',
      '--data-dir=/tmp/defimon',
    ],
    env: variablesOf(context),
    ports: portsOf(service).map(({ name, port }) => ({ name, containerPort: port, protocol: 'TCP' })),
    resources: requirementsOf(environment.services?.[service.id]?.resources ?? service.resources),
    // A service is live before its stores are open: a long migration shows as "not ready", and is not killed.
    startupProbe: { ...probe('/livez'), periodSeconds: 2, failureThreshold: 60 },
    livenessProbe: { ...probe('/livez'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 },
    ...(service.ports.length === 0
      ? {}
      : { lifecycle: { preStop: { exec: { command: ['sleep', unroutedSeconds] } } } }),
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    },
    volumeMounts: [
      // The whole folder: Kubernetes never renews a single file that is mounted by subPath.
      { name: 'catalog', mountPath: catalogFolder, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

/** Settings stand in the pod itself, not in a ConfigMap: when one changes the pods are rolled, as they read it once. */
function variablesOf(context: ServiceContext): EnvVar[] {
  const { service, environment } = context;
  const { sync } = environment;
  const settings = followsChains(service)
    ? {
        L2_SYNC_INTERVAL: sync.intervalSeconds,
        L2_BATCH_SIZE: sync.batchSize,
        L2_MAX_CONCURRENT_REQUESTS: sync.maxConcurrentRequests,
        L2_PRIORITY_THRESHOLD: sync.priorityThreshold,
      }
    : {};
  return [
    ...secretVariablesOf(context).map(({ env }) => ({
      name: env,
      valueFrom: { secretKeyRef: { name: service.id, key: env } },
    })),
    ...Object.entries(settings).map(([name, value]) => ({ name, value: String(value) })),
  ];
}

function requirementsOf({ requests, limits }: Resources): ResourceRequirements {
  return { requests: quantitiesOf(requests), limits: quantitiesOf(limits ?? requests) };
}

function quantitiesOf({ cpu, memory }: Resources['requests']): Record<string, Quantity> {
  return { cpu: Quantity.fromString(cpu), memory: Quantity.fromString(memory) };
}

function probe(path: string) {
  return { httpGet: { path, port: IntOrString.fromString(opsPort.name) } };
}
