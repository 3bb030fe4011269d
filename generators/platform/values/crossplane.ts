import type { JsonObject } from '../../emit/yaml.ts';
import { restrictedContainer, restrictedPod } from '../pod-security.ts';
import { resources } from '../resources.ts';

/** Its providers are rendered with the pools that need them. Source: cluster/charts/crossplane/values.yaml of crossplane. */
export function crossplaneValues(): JsonObject {
  return {
    podSecurityContextCrossplane: restrictedPod,
    podSecurityContextRBACManager: restrictedPod,
    securityContextCrossplane: restrictedContainer,
    securityContextRBACManager: restrictedContainer,
    resourcesCrossplane: resources('100m', '256Mi', { cpu: '1', memory: '1Gi' }),
    resourcesRBACManager: resources('50m', '128Mi', { cpu: '200m', memory: '512Mi' }),
    metrics: { enabled: true },
  };
}
