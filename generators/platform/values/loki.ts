import { storageClass } from '../../conventions.ts';
import type { JsonObject } from '../../emit/yaml.ts';
import { type ComponentContext, findWorkload } from '../component-context.ts';

const retentionDays = 14;
const defaultDiskGB = 20;

/**
 * One process on one disk: what a cluster of a few dozen pods writes. Logs are for looking into what just happened; what
 * must be kept is in the stores. Source: charts/loki/values.yaml of grafana-community.
 */
export function lokiValues(context: ComponentContext): JsonObject {
  const workload = findWorkload(context, 'loki');
  const off = { enabled: false };
  return {
    fullnameOverride: 'loki',
    deploymentMode: 'Monolithic',
    loki: {
      // One tenant: the cluster.
      auth_enabled: false,
      commonConfig: { replication_factor: 1 },
      storage: { type: 'filesystem' },
      schemaConfig: {
        configs: [
          {
            from: '2026-01-01',
            store: 'tsdb',
            object_store: 'filesystem',
            schema: 'v13',
            index: { prefix: 'index_', period: '24h' },
          },
        ],
      },
      limits_config: { retention_period: `${retentionDays * 24}h` },
      compactor: { retention_enabled: true, delete_request_store: 'filesystem' },
      analytics: { reporting_enabled: false },
    },
    singleBinary: {
      replicas: 1,
      // The sidecar watches for alert rules in ConfigMaps, and here Prometheus alerts.
      sidecar: false,
      resources: {
        requests: workload?.resources?.requests ?? { cpu: '100m', memory: '256Mi' },
        limits: workload?.resources?.limits ?? { cpu: '1', memory: '1Gi' },
      },
      persistence: {
        enabled: true,
        size: `${workload?.storageGB ?? defaultDiskGB}G`,
        storageClass,
        whenDeleted: 'Retain',
        whenScaled: 'Retain',
      },
    },
    read: { replicas: 0 },
    write: { replicas: 0 },
    backend: { replicas: 0 },
    gateway: off,
    chunksCache: off,
    resultsCache: off,
    lokiCanary: off,
    test: off,
    monitoring: { serviceMonitor: { enabled: true } },
  };
}
