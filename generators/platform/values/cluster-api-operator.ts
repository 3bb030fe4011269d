import type { JsonObject } from '../../emit/yaml.ts';
import { restrictedContainer } from '../pod-security.ts';
import { resources } from '../resources.ts';

/** What the clusters at Hetzner are made with; the other providers run their own control planes, and Crossplane rents those. */
const providers = {
  core: { 'cluster-api': { namespace: 'capi-system', version: 'v1.12.11' } },
  bootstrap: { kubeadm: { namespace: 'capi-kubeadm-bootstrap-system', version: 'v1.12.11' } },
  controlPlane: { kubeadm: { namespace: 'capi-kubeadm-control-plane-system', version: 'v1.12.11' } },
  infrastructure: { hetzner: { namespace: 'caph-system', version: 'v1.1.8' } },
} as const;

/** The namespaces of Cluster API's providers. */
export const clusterApiNamespaces: readonly string[] = Object.values(providers).flatMap((group) =>
  Object.values(group).map(({ namespace }) => namespace),
);

/** Source: hack/charts/cluster-api-operator/values.yaml of kubernetes-sigs. */
export function clusterApiOperatorValues(): JsonObject {
  return {
    ...Object.fromEntries(
      Object.entries(providers).map(([kind, group]) => [
        kind,
        Object.fromEntries(
          // The namespaces are ours to render.
          Object.entries(group).map(([name, provider]) => [name, { ...provider, createNamespace: false }]),
        ),
      ]),
    ),
    resources: { manager: resources('50m', '128Mi', { cpu: '500m', memory: '384Mi' }) },
    containerSecurityContext: { manager: restrictedContainer },
    // Argo CD orders by waves; as hooks, the providers would belong to no application.
    enableHelmHook: false,
  };
}
