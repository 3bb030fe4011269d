import type { JsonObject } from '../../emit/yaml.ts';
import { type ComponentContext, replicasOf } from '../component-context.ts';
import { resources } from '../resources.ts';

/** Source: deploy/charts/external-secrets/values.yaml of external-secrets. */
export function externalSecretsValues(context: ComponentContext): JsonObject {
  return {
    installCRDs: true,
    replicaCount: 1,
    leaderElect: true,
    // Nobody here writes secrets back.
    processPushSecret: false,
    processClusterPushSecret: false,
    resources: resources('10m', '64Mi', { cpu: '500m', memory: '256Mi' }),
    serviceMonitor: { enabled: context.pool !== undefined, renderMode: 'alwaysRender' },
    webhook: {
      replicaCount: replicasOf(context),
      resources: resources('10m', '32Mi', { cpu: '200m', memory: '128Mi' }),
    },
    certController: { resources: resources('10m', '48Mi', { cpu: '200m', memory: '128Mi' }) },
  };
}
