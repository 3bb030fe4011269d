import type { JsonObject } from '../../emit/yaml.ts';
import { resources, sidecarResources } from '../resources.ts';

/** Source: install/kubernetes/cilium/values.yaml of cilium. */
export function ciliumValues(): JsonObject {
  return {
    // The nodes' own ranges, as Cluster API gives them.
    ipam: { mode: 'kubernetes' },
    kubeProxyReplacement: false,
    // The API server listens on nodes, which a range of addresses would otherwise not mean.
    policyCIDRMatchMode: ['nodes'],
    resources: resources('100m', '320Mi', { cpu: '1', memory: '1Gi' }),
    initResources: sidecarResources,
    envoy: { enabled: false },
    hubble: { enabled: false },
    operator: {
      replicas: 1,
      resources: resources('20m', '96Mi', { cpu: '200m', memory: '256Mi' }),
      prometheus: { enabled: true, serviceMonitor: { enabled: true, trustCRDsExist: true } },
    },
    prometheus: { enabled: true, serviceMonitor: { enabled: true, trustCRDsExist: true } },
  };
}
