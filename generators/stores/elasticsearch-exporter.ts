import { IntOrString, KubeDeployment } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { elasticAddress, elasticAuthority } from './elastic-client.ts';
import { storeImages } from './images.ts';
import { renderPodMonitor } from './monitors.ts';
import { monitoring, pods, renderStorePolicy, toDns } from './network.ts';
import { podResources, restrictedPod, sealedContainer, smallResources } from './pods.ts';
import { fromSecret } from './secrets.ts';
import { type StoreContext, storeLabels, storeMetadata } from './store-context.ts';

export const exporterPods = 'elasticsearch-exporter';

/** Elasticsearch has no metrics that Prometheus reads: this asks it for them. */
export function renderElasticExporter(context: StoreContext): object[] {
  const labels = storeLabels(context, exporterPods);
  return [
    KubeDeployment.manifest({
      metadata: storeMetadata(context, { name: exporterPods, wave: 'workload', labels }),
      spec: {
        replicas: 1,
        selector: { matchLabels: { 'app.kubernetes.io/name': exporterPods } },
        template: {
          metadata: { labels },
          spec: {
            automountServiceAccountToken: false,
            securityContext: restrictedPod(65534),
            containers: [
              {
                name: 'exporter',
                image: storeImages.elasticsearchExporter,
                args: [
                  `--es.uri=${elasticAddress}`,
                  `--es.ca=${elasticAuthority.file}`,
                  '--es.all',
                  '--es.indices',
                  '--es.slm',
                ],
                env: [
                  { name: 'ES_USERNAME', ...fromSecret('elasticsearch', 'username') },
                  { name: 'ES_PASSWORD', ...fromSecret('elasticsearch', 'password') },
                ],
                ports: [{ name: 'metrics', containerPort: 9114 }],
                startupProbe: { ...probe, failureThreshold: 30 },
                livenessProbe: probe,
                readinessProbe: probe,
                resources: podResources(smallResources),
                securityContext: sealedContainer,
                volumeMounts: [elasticAuthority.mount],
              },
            ],
            volumes: [elasticAuthority.volume],
          },
        },
      },
    }),
    renderPodMonitor(context, { pods: { 'app.kubernetes.io/name': exporterPods }, port: 'metrics' }),
    renderStorePolicy(context, {
      name: exporterPods,
      pods: labels,
      ingress: [monitoring(9114)],
      egress: [toDns(), pods({ 'elasticsearch.k8s.elastic.co/cluster-name': 'elasticsearch' }, 9200)],
    }),
  ];
}

const probe = { httpGet: { path: '/healthz', port: IntOrString.fromString('metrics') }, periodSeconds: 10 };
