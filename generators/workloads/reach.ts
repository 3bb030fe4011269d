import { IntOrString, KubeNetworkPolicy, type NetworkPolicyPort } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { world } from '../addresses.ts';
import { monitoringNamespace, namespaceNameLabel } from '../conventions.ts';
import type { Rule } from '../stores/network.ts';
import { selectorOf, type WorkloadContext, workloadMetadata } from './workload-context.ts';

/** Opens in the namespace's default-deny what the pods of a workload need, and nothing else. */
export function renderWorkloadPolicy(
  context: WorkloadContext,
  { ingress, egress }: { readonly ingress: readonly Rule[]; readonly egress: readonly Rule[] },
): object {
  return KubeNetworkPolicy.manifest({
    metadata: workloadMetadata(context, { wave: 'config' }),
    spec: {
      podSelector: { matchLabels: selectorOf(context) },
      policyTypes: ['Ingress', 'Egress'],
      ingress: ingress.map(({ peers, ports }) => ({ from: [...peers], ports: [...ports] })),
      egress: egress.map(({ peers, ports }) => ({
        to: [...peers],
        ...(ports.length === 0 ? {} : { ports: [...ports] }),
      })),
    },
  });
}

/** All pods of the pool. */
export function fromPool({ namespaces }: WorkloadContext, ...ports: readonly number[]): Rule {
  const values = [...namespaces].sort();
  return {
    peers: [{ namespaceSelector: { matchExpressions: [{ key: namespaceNameLabel, operator: 'In', values }] } }],
    ports: ports.map(tcp),
  };
}

export function fromMonitoring(...ports: readonly number[]): Rule {
  return {
    peers: [{ namespaceSelector: { matchLabels: { [namespaceNameLabel]: monitoringNamespace } } }],
    ports: ports.map(tcp),
  };
}

/** Machines of the pool's own network. */
export function fromNetwork(cidr: string, ...ports: readonly number[]): Rule {
  return { peers: [{ ipBlock: { cidr } }], ports: ports.map(tcp) };
}

/** Anyone in the world, on the ports of a peer-to-peer network; asking others is up to them, at whatever ports they have. */
export function fromPeers(
  { peers }: WorkloadContext,
  ports: { readonly tcp: readonly number[]; readonly udp: readonly number[] },
): Rule[] {
  // They come by the Services, which are there once the address is known.
  if (peers.address === undefined) return [];
  return [{ peers: world(), ports: [...ports.tcp.map(tcp), ...ports.udp.map(udp)] }];
}

/** Anyone in the world at any port, but nobody in a private net. */
export function toPeers(): Rule {
  return { peers: world(), ports: [] };
}

export function tcp(port: number): NetworkPolicyPort {
  return { protocol: 'TCP', port: IntOrString.fromNumber(port) };
}

function udp(port: number): NetworkPolicyPort {
  return { protocol: 'UDP', port: IntOrString.fromNumber(port) };
}
