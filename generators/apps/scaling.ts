import { IntOrString, KubeHorizontalPodAutoscalerV2, KubePodDisruptionBudget } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { isAutoscaled, replicasOf, type ServiceContext, selectorOf, serviceMetadata } from './service-context.ts';

/** Lets the replicas follow CPU and memory, where the catalog states targets. */
export function renderScaler(context: ServiceContext): object | undefined {
  if (!isAutoscaled(context)) return undefined;
  const { service } = context;
  const { min, max, sources } = replicasOf(context);
  const targets = { cpu: service.scaling.targetCpuPercent, memory: service.scaling.targetMemoryPercent };
  return KubeHorizontalPodAutoscalerV2.manifest({
    metadata: serviceMetadata(context, 'edge', sources),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: service.id },
      minReplicas: min,
      maxReplicas: max,
      metrics: Object.entries(targets).flatMap(([name, averageUtilization]) =>
        averageUtilization === undefined
          ? []
          : [{ type: 'Resource', resource: { name, target: { type: 'Utilization', averageUtilization } } }],
      ),
      // Up at once, down only after ten quiet minutes: requests come in waves.
      behavior: { scaleDown: { stabilizationWindowSeconds: 600 } },
    },
  });
}

/** Lets a node be drained, one pod at a time. With `minAvailable`, a service of one replica could never be moved. */
export function renderDisruptionBudget(context: ServiceContext): object {
  return KubePodDisruptionBudget.manifest({
    metadata: serviceMetadata(context, 'edge'),
    spec: {
      maxUnavailable: IntOrString.fromNumber(1),
      selector: { matchLabels: selectorOf(context.service) },
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
    },
  });
}
