import type { JsonObject } from '../../emit/yaml.ts';
import { resources } from '../resources.ts';

/** Source: charts/prometheus-node-exporter/values.yaml of prometheus-community. */
export function nodeExporterValues(): JsonObject {
  return {
    fullnameOverride: 'node-exporter',
    resources: resources('10m', '32Mi', { cpu: '200m', memory: '64Mi' }),
    // The rules and dashboards of kube-prometheus-stack know it by this job.
    podLabels: { jobLabel: 'node-exporter' },
    prometheus: { monitor: { enabled: true, jobLabel: 'jobLabel' } },
  };
}
