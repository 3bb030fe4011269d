import { KubeNamespace, KubeNetworkPolicy } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { metadataOf, type Place } from '../app.ts';
import { type Unit, unit } from '../unit.ts';

/**
 * A namespace and what holds for all in it. It is an app of its own, since several apps share it and none may take it
 * away with itself.
 *
 * @param sources Catalog ids of what lives in it.
 */
export function namespaceUnit(place: Place, owner: string, sources: readonly string[]): Unit {
  return unit({
    place,
    name: `namespace-${place.namespace}`,
    tier: 'namespaces',
    owner,
    inputs: { sources },
    render: ({ namespace }) => [
      KubeNamespace.manifest({
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
      }),
      KubeNetworkPolicy.manifest({
        metadata: metadataOf({ name: 'default-deny', namespace, wave: 'config', sources }),
        spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
      }),
    ],
  });
}
