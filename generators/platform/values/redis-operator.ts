import type { JsonObject } from '../../emit/yaml.ts';
import { restrictedContainer, restrictedPod } from '../pod-security.ts';
import { resources } from '../resources.ts';

/** Source: charts/redis-operator/values.yaml of OT-CONTAINER-KIT. */
export function redisOperatorValues(): JsonObject {
  return {
    redisOperator: { imagePullPolicy: 'IfNotPresent', webhook: false },
    podSecurityContext: { ...restrictedPod, runAsUser: 65532 },
    securityContext: restrictedContainer,
    resources: resources('50m', '96Mi', { cpu: '500m', memory: '256Mi' }),
  };
}
