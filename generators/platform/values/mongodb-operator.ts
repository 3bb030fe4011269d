import type { JsonObject } from '../../emit/yaml.ts';
import type { ComponentContext } from '../component-context.ts';
import { restrictedContainer, restrictedPod } from '../pod-security.ts';
import { resources } from '../resources.ts';

/** Source: charts/mongodb-kubernetes/values.yaml of mongodb. */
export function mongodbOperatorValues({ pool }: ComponentContext): JsonObject {
  return {
    operator: {
      watchedResources: ['mongodbcommunity'],
      // Only there the chart makes the accounts that the database's pods run as.
      watchNamespace: [...(pool?.namespaces ?? [])].sort().join(','),
      podSecurityContext: { ...restrictedPod, runAsUser: 2000 },
      securityContext: restrictedContainer,
      resources: resources('50m', '128Mi', { cpu: '500m', memory: '256Mi' }),
      telemetry: { enabled: false },
      // It would take the right to write webhooks of the whole cluster, for kinds that nobody uses here.
      webhook: { registerConfiguration: false, installClusterRole: false },
    },
  };
}
