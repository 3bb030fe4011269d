import type { JsonObject } from '../../emit/yaml.ts';
import { resources, sidecarResources } from '../resources.ts';
import { hetznerSecret } from './hetzner-secret.ts';

/** Source: chart/values.yaml of hetznercloud/csi-driver. */
export function hcloudCsiValues(): JsonObject {
  const driver = resources('20m', '64Mi', { cpu: '200m', memory: '128Mi' });
  const sidecar = resources('10m', '48Mi', { cpu: '100m', memory: '128Mi' });
  return {
    controller: {
      hcloudToken: { existingSecret: { name: hetznerSecret.name, key: hetznerSecret.token } },
      resources: {
        csiAttacher: sidecar,
        csiResizer: sidecar,
        csiProvisioner: sidecar,
        livenessProbe: sidecarResources,
        hcloudCSIDriver: driver,
      },
    },
    node: {
      resources: { csiNodeDriverRegistrar: sidecarResources, livenessProbe: sidecarResources, hcloudCSIDriver: driver },
    },
    // Ours, which keeps its disks, is the only class.
    storageClasses: [],
    metrics: { enabled: true, serviceMonitor: { enabled: true } },
  };
}
