import { IntOrString, KubeNetworkPolicy } from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { Service } from '../../catalog/schema/service.ts';
import { metadataOf, type Place } from '../app.ts';
import { gatewayNamespace, namespaceNameLabel, registryCredentials } from '../conventions.ts';
import { renderFilledSecret } from '../external-secret.ts';
import type { Unit } from '../unit.ts';
import { namespaceUnit } from './namespace.ts';

/** The port on which cert-manager's answering pods listen, and the label they carry. */
const challenge = { port: 8089, label: 'acme.cert-manager.io/http01-solver' };

/** A namespace of a pool, in which services run. */
export function poolNamespaceUnit(place: Place, owner: string, services: readonly Service[]): Unit {
  const here = services.filter(({ namespace }) => namespace === place.namespace);
  const inputs = { runsOurs: here.length > 0, isPublic: here.some(({ routes }) => routes.length > 0) };
  return namespaceUnit({
    place,
    owner,
    sources: [`pool/${place.pool}`],
    inputs,
    beside: ({ namespace }, sources) => [
      inputs.runsOurs ? renderRegistryCredentials(namespace, sources) : undefined,
      inputs.isPublic ? renderChallengePolicy(namespace, sources) : undefined,
    ],
  });
}

/** What opens the registry of our image. */
function renderRegistryCredentials(namespace: string, sources: readonly string[]): object {
  return renderFilledSecret(
    metadataOf({ name: registryCredentials, namespace, wave: 'secret', sources }),
    { '.dockerconfigjson': 'registry/dockerconfigjson' },
    { type: 'kubernetes.io/dockerconfigjson' },
  );
}

/** Let's Encrypt asks a pod of cert-manager, which stands where the certificate does, through the gateway. */
function renderChallengePolicy(namespace: string, sources: readonly string[]): object {
  return KubeNetworkPolicy.manifest({
    metadata: metadataOf({ name: 'acme-challenge', namespace, wave: 'config', sources }),
    spec: {
      podSelector: { matchLabels: { [challenge.label]: 'true' } },
      policyTypes: ['Ingress'],
      ingress: [
        {
          from: [{ namespaceSelector: { matchLabels: { [namespaceNameLabel]: gatewayNamespace } } }],
          ports: [{ protocol: 'TCP', port: IntOrString.fromNumber(challenge.port) }],
        },
      ],
    },
  });
}
