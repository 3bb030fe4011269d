import type { JsonObject } from '../../emit/yaml.ts';
import { type ComponentContext, replicasOf } from '../component-context.ts';
import { resources } from '../resources.ts';

/** Source: deploy/charts/cert-manager/values.yaml of cert-manager. */
export function certManagerValues(context: ComponentContext): JsonObject {
  return {
    crds: { enabled: true, keep: true },
    // Its default is kube-system, where the project may not write.
    global: { leaderElection: { namespace: context.component.namespace } },
    resources: resources('20m', '64Mi', { cpu: '500m', memory: '256Mi' }),
    prometheus: { enabled: true, servicemonitor: { enabled: context.pool !== undefined } },
    webhook: {
      replicaCount: replicasOf(context),
      resources: resources('10m', '32Mi', { cpu: '200m', memory: '128Mi' }),
    },
    cainjector: { resources: resources('10m', '64Mi', { cpu: '500m', memory: '256Mi' }) },
    // A hook that only waits until the API answers; what needs it tries again anyway.
    startupapicheck: { enabled: false },
  };
}
