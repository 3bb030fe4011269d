import { IntOrString, KubeHorizontalPodAutoscalerV2, KubePodDisruptionBudget } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { groupOf } from '../../catalog/consumer-group.ts';
import type { Service } from '../../catalog/schema/service.ts';
import { RenderError } from '../inputs.ts';
import {
  type ServiceContext,
  serviceMetadata,
  sizeSources,
  type Workload,
  workloadMetadata,
  workloadSelectorOf,
} from './service-context.ts';
import { busPassword, busUser } from './variables.ts';

/** Up at once, down only after ten quiet minutes: requests come in waves. */
const behavior = { scaleDown: { stabilizationWindowSeconds: 600 } };

/** What an autoscaler may go by, beside lag: CPU and memory, each at its target in percent of what is asked for. */
function targetsOf({ scaling }: Service): { name: 'cpu' | 'memory'; percent: number }[] {
  const { targetCpuPercent, targetMemoryPercent } = scaling;
  return [
    ...(targetCpuPercent === undefined ? [] : [{ name: 'cpu' as const, percent: targetCpuPercent }]),
    ...(targetMemoryPercent === undefined ? [] : [{ name: 'memory' as const, percent: targetMemoryPercent }]),
  ];
}

/** True when an autoscaler sets the replicas, so that the workload must not. */
export function isAutoscaled(service: Service): boolean {
  const { min, max, targetLag } = service.scaling;
  if (service.workload?.kind === 'cronjob' || max <= min) return false;
  return targetLag !== undefined || targetsOf(service).length > 0;
}

/** Lets the replicas follow CPU and memory, where the catalog states targets; with a lag KEDA does it. */
export function renderAutoscaler(context: ServiceContext, workload: Workload): object | undefined {
  const { service } = context;
  if (!isAutoscaled(service) || service.scaling.targetLag !== undefined) return undefined;
  return KubeHorizontalPodAutoscalerV2.manifest({
    metadata: workloadMetadata(context, workload, { wave: 'edge', sources: sizeSources(context) }),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: kindOf(service), name: workload.name },
      minReplicas: service.scaling.min,
      maxReplicas: service.scaling.max,
      metrics: targetsOf(service).map(({ name, percent }) => ({
        type: 'Resource',
        resource: { name, target: { type: 'Utilization', averageUtilization: percent } },
      })),
      behavior,
    },
  });
}

/** Lets the replicas follow how far the service is behind, on each topic it consumes: each is a group of its own. */
export function renderScaledObject(context: ServiceContext, workload: Workload): object | undefined {
  const { service } = context;
  const { min, max, targetLag } = service.scaling;
  if (!isAutoscaled(service) || targetLag === undefined) return undefined;
  const topics = consumedBy(context);
  if (topics.length === 0) {
    const fix = 'name it as a consumer in catalog/topics.yaml, or leave targetLag out';
    throw new RenderError(`service/${service.id} scales by lag but consumes no topic: ${fix}`);
  }
  return {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: workloadMetadata(context, workload, {
      wave: 'edge',
      sources: [...sizeSources(context), ...topics.map(({ id }) => `topic/${id}`)],
      // KEDA would wake what sleeps because its program is not in the image.
      ...(service.released ? {} : { annotations: { 'autoscaling.keda.sh/paused-replicas': '0' } }),
    }),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: kindOf(service), name: workload.name },
      minReplicaCount: min,
      maxReplicaCount: max,
      advanced: { horizontalPodAutoscalerConfig: { behavior } },
      triggers: [
        ...topics.map(({ id }) => ({
          type: 'kafka',
          metadata: {
            bootstrapServers: `kafka-kafka-bootstrap.${busNamespaceOf(context)}.svc:9092`,
            consumerGroup: groupOf(service.id, id),
            topic: id,
            lagThreshold: String(targetLag),
            // KEDA asks as Kafka 1.0 was asked, unless told; Kafka 4 answers nothing older than 2.1 (KIP-896).
            version: '2.8.0',
            // A group that has never read begins with what is there.
            offsetResetPolicy: 'earliest',
            sasl: 'scram_sha512',
            tls: 'disable',
          },
          authenticationRef: { name: service.id },
        })),
        ...targetsOf(service).map(({ name, percent }) => ({
          type: name,
          metricType: 'Utilization',
          metadata: { value: String(percent) },
        })),
      ],
    },
  };
}

/** KEDA asks the bus in the service's own name. */
export function renderScalerAccess(context: ServiceContext): object | undefined {
  const { service } = context;
  if (!isAutoscaled(service) || service.scaling.targetLag === undefined) return undefined;
  return {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'TriggerAuthentication',
    metadata: serviceMetadata(context, 'workload'),
    spec: {
      env: [{ parameter: 'username', name: busUser, containerName: service.id }],
      secretTargetRef: [{ parameter: 'password', name: service.id, key: busPassword }],
    },
  };
}

/** Lets a node be drained, one pod at a time. With `minAvailable`, a service of one replica could never be moved. */
export function renderDisruptionBudget(context: ServiceContext, workload: Workload): object | undefined {
  // Kubernetes knows no scale of a CronJob to count by.
  if (context.service.workload?.kind === 'cronjob') return undefined;
  return KubePodDisruptionBudget.manifest({
    metadata: workloadMetadata(context, workload, { wave: 'config' }),
    spec: {
      maxUnavailable: IntOrString.fromNumber(1),
      selector: { matchLabels: workloadSelectorOf(context.service, workload) },
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  });
}

function consumedBy({ service, topics }: ServiceContext) {
  return topics.filter(({ consumers }) => consumers.includes(service.id));
}

/** A pool's stores are in its first namespace. */
function busNamespaceOf({ pool, place }: ServiceContext): string {
  return pool.namespaces[0] ?? place.namespace;
}

function kindOf({ workload }: Service): string {
  return workload?.kind === 'statefulset' ? 'StatefulSet' : 'Deployment';
}
