import { KubeNamespace, KubeNetworkPolicy } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { type App, collectManifests, metadataOf, type Place } from '../app.ts';
import { waves } from '../conventions.ts';

/**
 * A namespace and what holds for all in it. It is an app of its own, since several services share it and none may
 * take it away with itself.
 *
 * @param sources Catalog ids of what lives in it.
 */
export function renderNamespace(place: Place, sources: readonly string[]): App {
  const { namespace } = place;
  const manifests = collectManifests((chart) => {
    new KubeNamespace(chart, 'namespace', {
      metadata: metadataOf({
        name: namespace,
        wave: 'namespace',
        sources,
        labels: {
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/enforce-version': 'v1.28',
          'pod-security.kubernetes.io/warn': 'restricted',
        },
        // Everything in it would go with it: a person confirms that in Argo CD.
        syncOptions: ['Prune=confirm', 'Delete=confirm'],
      }),
    });
    new KubeNetworkPolicy(chart, 'default-deny', {
      metadata: metadataOf({ name: 'default-deny', namespace, wave: 'config', sources }),
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    });
  });
  return { ...place, name: `namespace-${namespace}`, tier: 'namespaces', wave: waves.namespace, manifests };
}
