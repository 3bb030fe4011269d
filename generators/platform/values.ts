import type { JsonObject } from '../emit/yaml.ts';
import { RenderError } from '../inputs.ts';
import type { ComponentContext } from './component-context.ts';
import { alloyValues } from './values/alloy.ts';
import { argoWorkflowsValues } from './values/argo-workflows.ts';
import { certManagerValues } from './values/cert-manager.ts';
import { ciliumValues } from './values/cilium.ts';
import { clickhouseOperatorValues } from './values/clickhouse-operator.ts';
import { cloudnativePgValues } from './values/cloudnative-pg.ts';
import { clusterApiOperatorValues } from './values/cluster-api-operator.ts';
import { clusterAutoscalerValues } from './values/cluster-autoscaler.ts';
import { crossplaneValues } from './values/crossplane.ts';
import { eckOperatorValues } from './values/eck-operator.ts';
import { externalSecretsValues } from './values/external-secrets.ts';
import { hcloudCloudControllerManagerValues } from './values/hcloud-cloud-controller-manager.ts';
import { hcloudCsiValues } from './values/hcloud-csi.ts';
import { kedaValues } from './values/keda.ts';
import { kongValues } from './values/kong.ts';
import { kubePrometheusStackValues } from './values/kube-prometheus-stack.ts';
import { lokiValues } from './values/loki.ts';
import { metricsServerValues } from './values/metrics-server.ts';
import { minioOperatorValues } from './values/minio-operator.ts';
import { mongodbOperatorValues } from './values/mongodb-operator.ts';
import { nodeExporterValues } from './values/node-exporter.ts';
import { pluginBarmanCloudValues } from './values/plugin-barman-cloud.ts';
import { redisOperatorValues } from './values/redis-operator.ts';
import { reloaderValues } from './values/reloader.ts';
import { strimziValues } from './values/strimzi.ts';
import { veleroValues } from './values/velero.ts';

/** The values of each chart, by component: only what differs from the chart's own. */
const valuesByComponent: Readonly<Record<string, (context: ComponentContext) => JsonObject>> = {
  alloy: alloyValues,
  'argo-workflows': argoWorkflowsValues,
  'cert-manager': certManagerValues,
  cilium: ciliumValues,
  'clickhouse-operator': clickhouseOperatorValues,
  'cloudnative-pg': cloudnativePgValues,
  'cluster-api-operator': clusterApiOperatorValues,
  'cluster-autoscaler': clusterAutoscalerValues,
  crossplane: crossplaneValues,
  'eck-operator': eckOperatorValues,
  'external-secrets': externalSecretsValues,
  'hcloud-cloud-controller-manager': hcloudCloudControllerManagerValues,
  'hcloud-csi': hcloudCsiValues,
  keda: kedaValues,
  kong: kongValues,
  'kube-prometheus-stack': kubePrometheusStackValues,
  loki: lokiValues,
  'metrics-server': metricsServerValues,
  'minio-operator': minioOperatorValues,
  'mongodb-operator': mongodbOperatorValues,
  'node-exporter': nodeExporterValues,
  'plugin-barman-cloud': pluginBarmanCloudValues,
  'redis-operator': redisOperatorValues,
  reloader: reloaderValues,
  strimzi: strimziValues,
  velero: veleroValues,
};

/** @throws RenderError for a component that has a place in a cluster, but no values here. */
export function valuesOf(context: ComponentContext): JsonObject {
  const { id } = context.component;
  const values = valuesByComponent[id];
  if (values === undefined) {
    throw new RenderError(`component/${id} has no values: add generators/platform/values/${id}.ts`);
  }
  return values(context);
}
