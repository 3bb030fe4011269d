import { KubeNetworkPolicy } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { metadataOf, type Place } from '../app.ts';
import type { PlatformNamespace } from '../platform/cluster-namespaces.ts';
import { type Neighbours, trafficOf } from '../platform/traffic.ts';
import type { Unit } from '../unit.ts';
import { namespaceUnit } from './namespace.ts';

/**
 * A namespace of the platform. Its pods are a chart's, and charts label them as they like, so a policy holds for all
 * pods of the namespace: what shares one is of one trust.
 *
 * @param sources Catalog ids beside the components: the pool.
 */
export function platformNamespaceUnit(
  place: Place,
  { components }: PlatformNamespace,
  neighbours: Neighbours,
  sources: readonly string[],
): Unit {
  return namespaceUnit({
    place,
    owner: 'platform',
    sources: [...sources, ...components.map(({ id }) => `component/${id}`)],
    exceptions: components.flatMap(({ exceptions = [] }) => exceptions),
    inputs: { components: components.map(({ id }) => id), neighbours },
    beside: ({ namespace }) =>
      components.map(({ id }) => {
        const rules = trafficOf(id, neighbours);
        if (rules === undefined) return undefined;
        return KubeNetworkPolicy.manifest({
          metadata: metadataOf({ name: id, namespace, wave: 'config', sources: [`component/${id}`] }),
          spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'], ...rules },
        });
      }),
  });
}
