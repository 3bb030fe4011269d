import type { JsonObject } from '../../emit/yaml.ts';
import type { ComponentContext } from '../component-context.ts';
import { restrictedContainer, restrictedPod } from '../pod-security.ts';
import { resources } from '../resources.ts';

/** Source: deploy/eck-operator/values.yaml of elastic/cloud-on-k8s. */
export function eckOperatorValues({ pool }: ComponentContext): JsonObject {
  return {
    installCRDs: true,
    managedNamespaces: [...(pool?.namespaces ?? [])].sort(),
    podSecurityContext: { ...restrictedPod, runAsUser: 1001 },
    securityContext: restrictedContainer,
    resources: resources('50m', '160Mi', { cpu: '1', memory: '512Mi' }),
    telemetry: { disabled: true },
    config: { metricsPort: 9000, setDefaultSecurityContext: 'true' },
    podMonitor: { enabled: true },
  };
}
