import type { JsonObject } from '../../emit/yaml.ts';
import { type ComponentContext, replicasOf } from '../component-context.ts';
import { resources } from '../resources.ts';

/** Source: charts/metrics-server/values.yaml of kubernetes-sigs. */
export function metricsServerValues(context: ComponentContext): JsonObject {
  return {
    replicas: replicasOf(context),
    resources: resources('20m', '64Mi', { cpu: '200m', memory: '256Mi' }),
    // Kubelets of Cluster API sign their certificates themselves.
    ...(context.pool?.provider === 'hetzner' ? { args: ['--kubelet-insecure-tls'] } : {}),
    metrics: { enabled: true },
    serviceMonitor: { enabled: true },
  };
}
