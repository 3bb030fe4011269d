import { storeVersions } from './images.ts';
import { namespace, pods, renderStorePolicy, toDns } from './network.ts';
import { restrictedContainer, restrictedPod } from './pods.ts';
import { type StoreContext, storeMetadata } from './store-context.ts';

const name = 'kibana';
export const kibanaPods = { 'kibana.k8s.elastic.co/name': name };

/** Kibana, for people who search logs. It has no public route: `kubectl port-forward service/kibana-kb-http 5601`. */
export function renderKibana(context: StoreContext): object[] {
  return [
    {
      apiVersion: 'kibana.k8s.elastic.co/v1',
      kind: 'Kibana',
      metadata: storeMetadata(context, { name, wave: 'workload' }),
      spec: {
        version: storeVersions.elastic,
        count: 1,
        elasticsearchRef: { name: 'elasticsearch' },
        config: { 'telemetry.optIn': false },
        podTemplate: {
          spec: {
            automountServiceAccountToken: false,
            securityContext: restrictedPod(1000),
            containers: [
              {
                name,
                resources: { requests: { cpu: '100m', memory: '768Mi' }, limits: { cpu: '1', memory: '1Gi' } },
                securityContext: restrictedContainer,
              },
            ],
          },
        },
      },
    },
    renderStorePolicy(context, {
      name,
      pods: kibanaPods,
      ingress: [namespace(context.operatorNamespace, 5601)],
      egress: [toDns(), pods({ 'elasticsearch.k8s.elastic.co/cluster-name': 'elasticsearch' }, 9200)],
    }),
  ];
}
