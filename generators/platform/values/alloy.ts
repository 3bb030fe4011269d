import { monitoringNamespace } from '../../conventions.ts';
import type { JsonObject } from '../../emit/yaml.ts';
import type { ComponentContext } from '../component-context.ts';
import { restrictedContainer, restrictedPod } from '../pod-security.ts';
import { resources, sidecarResources } from '../resources.ts';

/**
 * Reads the logs of every pod through the Kubernetes API rather than from the nodes' files: it needs no place on each
 * node and none of the host's paths, and the API server bears the logs of our few dozen pods.
 * Source: operations/helm/charts/alloy/values.yaml of grafana/alloy.
 */
export function alloyValues({ environment, cluster }: ComponentContext): JsonObject {
  return {
    fullnameOverride: 'alloy',
    crds: { create: false },
    global: { podSecurityContext: { ...restrictedPod, fsGroup: 473 } },
    alloy: {
      configMap: { content: configuration(environment.name, cluster) },
      enableReporting: false,
      // The chart's user: it owns what the image brings.
      securityContext: { ...restrictedContainer, runAsUser: 473, runAsGroup: 473 },
      resources: resources('55m', '144Mi', { cpu: '500m', memory: '384Mi' }),
      storagePath: '/var/lib/alloy',
      mounts: {
        extra: [
          { name: 'state', mountPath: '/var/lib/alloy' },
          { name: 'tmp', mountPath: '/tmp' },
        ],
      },
    },
    configReloader: { resources: sidecarResources },
    controller: {
      type: 'deployment',
      replicas: 1,
      volumes: {
        extra: [
          { name: 'state', emptyDir: {} },
          { name: 'tmp', emptyDir: {} },
        ],
      },
    },
    serviceMonitor: { enabled: true },
  };
}

/** Alloy's own language. Only labels of few values, so that Loki keeps few streams. */
function configuration(environment: string, cluster: string): string {
  const labels = [
    ['namespace', '__meta_kubernetes_namespace'],
    ['pod', '__meta_kubernetes_pod_name'],
    ['container', '__meta_kubernetes_pod_container_name'],
    ['app', '__meta_kubernetes_pod_label_app_kubernetes_io_name'],
  ];
  const rules = labels.map(
    ([label, source]) => `  rule {\n    source_labels = ["${source}"]\n    target_label  = "${label}"\n  }\n`,
  );
  return `discovery.kubernetes "pods" {
  role = "pod"
}

discovery.relabel "pods" {
  targets = discovery.kubernetes.pods.targets
${rules.join('')}}

loki.source.kubernetes "pods" {
  targets    = discovery.relabel.pods.output
  forward_to = [loki.write.loki.receiver]
}

loki.write "loki" {
  endpoint {
    url = "http://loki.${monitoringNamespace}.svc:3100/loki/api/v1/push"
  }
  external_labels = {
    environment = "${environment}",
    cluster     = "${cluster}",
  }
}
`;
}
