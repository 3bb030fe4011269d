import type { JsonObject } from '../../emit/yaml.ts';
import { restrictedContainer, restrictedPod } from '../pod-security.ts';
import { resources } from '../resources.ts';

/** Source: packaging/helm-charts/helm3/strimzi-kafka-operator/values.yaml of strimzi. */
export function strimziValues(): JsonObject {
  return {
    watchAnyNamespace: true,
    podSecurityContext: restrictedPod,
    securityContext: restrictedContainer,
    resources: resources('100m', '384Mi', { cpu: '1', memory: '512Mi' }),
    // Its network policies would open Kafka to more than ours do.
    generateNetworkPolicy: false,
    generatePodDisruptionBudget: true,
    // Pods of Kafka then meet the level `restricted` without being told one by one.
    extraEnvs: [{ name: 'STRIMZI_POD_SECURITY_PROVIDER_CLASS', value: 'restricted' }],
  };
}
