import type { JsonObject } from '../../emit/yaml.ts';
import { resources } from '../resources.ts';

/** Source: charts/cloudnative-pg/values.yaml of cloudnative-pg. */
export function cloudnativePgValues(): JsonObject {
  return {
    crds: { create: true },
    config: { clusterWide: true },
    resources: resources('50m', '128Mi', { cpu: '500m', memory: '384Mi' }),
    monitoring: { podMonitorEnabled: true },
  };
}
