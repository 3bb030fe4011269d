import {
  type Affinity,
  type Container,
  IntOrString,
  type PodSpec,
  type PodTemplateSpec,
  Quantity,
  type ResourceRequirements,
  type Volume,
} from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { Service } from '../../catalog/schema/service.ts';
import { opsPort, priorityClasses, registryCredentials } from '../conventions.ts';
import { configFolder, environmentFile, sliceFile } from './config-map.ts';
import { startSettingsDigest } from './runtime-environment.ts';
import { type ServiceContext, selectorOf, type Workload, workloadSelectorOf } from './service-context.ts';
import { portsOf } from './service-objects.ts';
import { variablesOf } from './variables.ts';

/** Any id but 0, and the same in every image we build. */
const userId = 10001;

/** Time to finish what runs: an API its requests, chain-sync the commit it is in, the collector its last batch (or it goes to disk). */
const drainSeconds = 60;

/** Gateways learn that a pod goes while it goes: until they have, it must take what they still send. */
const unroutedSeconds = '5';

const gpu = 'nvidia.com/gpu';

/** Where a workload keeps what must survive a pod: a volume of its own. Others have room that goes with the pod. */
export const dataVolume = { name: 'data', mountPath: '/var/lib/defimon' } as const;

/**
 * The pods of a workload, built from the typed classes of cdk8s-plus-28 that mirror Kubernetes 1.28 field by field. Its
 * higher classes are not used: they add requests, limits, probes and a selector made from the construct's path, which
 * no later version could change.
 */
export function podTemplateOf(
  context: ServiceContext,
  workload: Workload,
  options: Pick<PodSpec, 'restartPolicy'> = {},
): PodTemplateSpec {
  const { service } = context;
  const annotations = checksumsOf(context, workload);
  return {
    metadata: {
      labels: { ...workloadSelectorOf(service, workload), 'app.kubernetes.io/part-of': 'defimon' },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: {
      ...options,
      serviceAccountName: service.id,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      imagePullSecrets: [{ name: registryCredentials }],
      priorityClassName: priorityClasses[workload.tier],
      terminationGracePeriodSeconds: drainSeconds,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: userId,
        runAsGroup: userId,
        fsGroup: userId,
        // A large volume is not walked through at every start.
        ...(keepsData(service) ? { fsGroupChangePolicy: 'OnRootMismatch' } : {}),
        seccompProfile: { type: 'RuntimeDefault' },
      },
      topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: selectorOf(service) },
      })),
      affinity: affinityOf(service),
      // Clouds keep nodes with a GPU to those who ask for one.
      ...(service.gpus === undefined ? {} : { tolerations: [{ key: gpu, operator: 'Exists', effect: 'NoSchedule' }] }),
      containers: [containerOf(context, workload)],
      volumes: volumesOf(workload),
    },
  };
}

/** Whether the service's pods have disks of their own. */
export function keepsData({ workload }: Pick<Service, 'workload'>): boolean {
  return workload?.kind === 'statefulset';
}

/** What the pods read once: when it changes they are rolled. */
function checksumsOf(context: ServiceContext, { slice }: Workload): Record<string, string> {
  const settings = startSettingsDigest(context);
  return {
    // A service that reloads its slice by itself is not restarted for it.
    ...(context.service.reload === 'hot' ? {} : { 'checksum/config': slice.digest }),
    ...(settings === undefined ? {} : { 'checksum/settings': settings }),
  };
}

/** One machine less takes as few of a service's pods as can be, whichever shard they are of. */
function affinityOf(service: Service): Affinity {
  const podAffinityTerm = {
    topologyKey: 'kubernetes.io/hostname',
    labelSelector: { matchLabels: selectorOf(service) },
  };
  return { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm }] } };
}

function containerOf(context: ServiceContext, workload: Workload): Container {
  const { service, image } = context;
  return {
    name: service.id,
    image,
    imagePullPolicy: 'IfNotPresent',
    args: [
      `--target=${service.id}`,
      `--environment-file=${configFolder}/${environmentFile}`,
      `--catalog=${configFolder}/${sliceFile}`,
      // Probes, Prometheus and the gateway come from other pods.
      '--host=0.0.0.0',
      `--data-dir=${keepsData(service) ? dataVolume.mountPath : '/tmp/defimon'}`,
    ],
    env: variablesOf(context, workload),
    ports: portsOf(service).map(({ name, port }) => ({ name, containerPort: port, protocol: 'TCP' })),
    resources: requirementsOf(service),
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
      { name: 'config', mountPath: configFolder, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
      ...(keepsData(service) ? [dataVolume] : []),
    ],
  };
}

function volumesOf({ name }: Workload): Volume[] {
  return [
    { name: 'config', configMap: { name } },
    { name: 'tmp', emptyDir: { sizeLimit: Quantity.fromString('256Mi') } },
  ];
}

function requirementsOf({ resources: { requests, limits }, gpus }: Service): ResourceRequirements {
  const quantitiesOf = ({ cpu, memory }: typeof requests) => ({
    cpu: Quantity.fromString(cpu),
    memory: Quantity.fromString(memory),
    // Kubernetes lends no GPU: what is asked for is the limit.
    ...(gpus === undefined ? {} : { [gpu]: Quantity.fromNumber(gpus) }),
  });
  return { requests: quantitiesOf(requests), limits: quantitiesOf(limits ?? requests) };
}

function probe(path: string) {
  return { httpGet: { path, port: IntOrString.fromString(opsPort.name) } };
}
