import type { JsonObject } from '../../emit/yaml.ts';
import { restrictedContainer, restrictedPod } from '../pod-security.ts';
import { resources } from '../resources.ts';

/** Source: deploy/helm/clickhouse-operator/values.yaml of Altinity. */
export function clickhouseOperatorValues(): JsonObject {
  return {
    fullnameOverride: 'clickhouse-operator',
    // Argo CD applies the definitions of the chart itself; the hook would run kubectl of an image without a version.
    crdHook: { enabled: false },
    operator: {
      containerSecurityContext: restrictedContainer,
      resources: resources('30m', '128Mi', { cpu: '500m', memory: '384Mi' }),
    },
    metrics: {
      enabled: true,
      containerSecurityContext: restrictedContainer,
      resources: resources('10m', '64Mi', { cpu: '200m', memory: '192Mi' }),
    },
    podSecurityContext: { ...restrictedPod, runAsUser: 65534, runAsGroup: 65534 },
    // The chart's own Secret would hold a password that everyone knows: ours comes from the secret store.
    secret: { create: false },
    configs: { files: { 'config.yaml': operatorConfiguration } },
    serviceMonitor: { enabled: true },
  };
}

const operatorConfiguration = {
  clickhouse: { access: { secret: { namespace: 'operators', name: 'clickhouse-operator' } } },
};
