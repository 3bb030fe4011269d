import { KubeNamespace, KubeNetworkPolicy } from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { Exceptions } from '../../catalog/schema/common.ts';
import { metadataOf, type Place } from '../app.ts';
import { type Unit, unit } from '../unit.ts';

export interface NamespaceOptions {
  readonly place: Place;
  readonly owner: string;
  /** Catalog ids of what lives in it. */
  readonly sources: readonly string[];
  /** Of what lives in it: one that names this namespace lowers what is asked of its pods. */
  readonly exceptions?: Exceptions;
  /** What else holds for all in it, besides that it is closed. */
  readonly beside?: (place: Place, sources: readonly string[]) => readonly (object | undefined)[];
  /** All that `beside` is made from. */
  readonly inputs?: object;
}

/**
 * A namespace and what holds for all in it. It is an app of its own, since several apps share it and none may take it
 * away with itself.
 */
export function namespaceUnit({ place, owner, sources, exceptions = [], beside, inputs = {} }: NamespaceOptions): Unit {
  return unit({
    place,
    name: `namespace-${place.namespace}`,
    tier: 'namespaces',
    owner,
    inputs: { sources, exceptions, ...inputs },
    render: ({ namespace }) => [
      renderNamespace(namespace, levelOf(namespace, exceptions), sources),
      KubeNetworkPolicy.manifest({
        metadata: metadataOf({ name: 'default-deny', namespace, wave: 'config', sources }),
        spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
      }),
      ...(beside?.(place, sources) ?? []),
    ],
  });
}

function renderNamespace(name: string, level: string, sources: readonly string[]): object {
  return KubeNamespace.manifest({
    metadata: metadataOf({
      name,
      wave: 'namespace',
      sources,
      labels: {
        'pod-security.kubernetes.io/enforce': level,
        'pod-security.kubernetes.io/enforce-version': 'v1.28',
        'pod-security.kubernetes.io/warn': level,
      },
      // Everything in it would go with it: a person confirms that in Argo CD.
      syncOptions: ['Prune=confirm', 'Delete=confirm'],
    }),
  });
}

/** The code of the policy rule that asks pods to run without privilege. */
const privilegeRule = 'POL004';

/** Kubernetes' level of pod security: the strictest, unless the catalog says why not. */
function levelOf(namespace: string, exceptions: Exceptions): 'restricted' | 'privileged' {
  const isExcepted = exceptions.some(
    ({ rule, object }) => rule === privilegeRule && object === `Namespace/${namespace}`,
  );
  return isExcepted ? 'privileged' : 'restricted';
}
