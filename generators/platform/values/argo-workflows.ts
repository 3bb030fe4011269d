import type { JsonObject } from '../../emit/yaml.ts';
import type { ComponentContext } from '../component-context.ts';
import { restrictedContainer, restrictedPod } from '../pod-security.ts';
import { resources } from '../resources.ts';

/** Its controller alone: runs are started by schedule and looked at in Grafana. Source: charts/argo-workflows/values.yaml of argo-helm. */
export function argoWorkflowsValues({ pool }: ComponentContext): JsonObject {
  return {
    fullnameOverride: 'argo-workflows',
    // The full definitions would need a job that downloads them.
    crds: { install: true, keep: true, full: false },
    server: { enabled: false },
    workflow: { serviceAccount: { create: true, name: 'argo-workflow' }, rbac: { create: true } },
    controller: {
      workflowNamespaces: [...(pool?.namespaces ?? [])].sort(),
      podSecurityContext: restrictedPod,
      resources: resources('50m', '128Mi', { cpu: '500m', memory: '384Mi' }),
      metricsConfig: { enabled: true },
      serviceMonitor: { enabled: true },
    },
    executor: {
      resources: resources('10m', '32Mi', { cpu: '500m', memory: '256Mi' }),
      securityContext: restrictedContainer,
    },
    mainContainer: { securityContext: restrictedContainer },
  };
}
