import type { JsonObject } from '../../emit/yaml.ts';
import { restrictedContainer, restrictedPod } from '../pod-security.ts';
import { resources } from '../resources.ts';

/** Source: helm/operator/values.yaml of minio/operator. */
export function minioOperatorValues(): JsonObject {
  return {
    operator: {
      // Two, which its rule of one a node asks two nodes for, are more than a cluster of one node can hold.
      replicaCount: 1,
      securityContext: { ...restrictedPod, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 },
      containerSecurityContext: { ...restrictedContainer, runAsUser: 1000, runAsGroup: 1000 },
      resources: resources('50m', '128Mi', { cpu: '500m', memory: '256Mi' }),
    },
  };
}
