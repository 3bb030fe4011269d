import {
  IntOrString,
  KubeNetworkPolicy,
  type NetworkPolicyPeer,
  type NetworkPolicyPort,
} from 'cdk8s-plus-28/lib/imports/k8s.js';
import { cloudCredentials, world } from '../addresses.ts';
import { gatewayNamespace, monitoringNamespace, namespaceNameLabel } from '../conventions.ts';
import { type StoreClient, type StoreContext, storeMetadata } from './store-context.ts';

/** Labels of pods. */
type Labels = Readonly<Record<string, string>>;

/** Who may speak with whom, on which TCP ports. */
export interface Rule {
  readonly peers: readonly NetworkPolicyPeer[];
  readonly ports: readonly NetworkPolicyPort[];
}

interface PolicyOptions {
  readonly name?: string;
  readonly pods: Labels;
  /** Rules that do not apply are undefined: a rule without peers would let everyone in. */
  readonly ingress?: readonly (Rule | undefined)[];
  readonly egress?: readonly (Rule | undefined)[];
}

/** Opens in the namespace's default-deny what some pods of a store need, and nothing else. */
export function renderStorePolicy(context: StoreContext, { name, pods, ingress, egress }: PolicyOptions): object {
  const used = (rules: readonly (Rule | undefined)[] = []) => rules.filter((rule) => rule !== undefined);
  return KubeNetworkPolicy.manifest({
    metadata: storeMetadata(context, { ...(name === undefined ? {} : { name }), wave: 'config' }),
    spec: {
      podSelector: { matchLabels: pods },
      policyTypes: ['Ingress', 'Egress'],
      ingress: used(ingress).map(({ peers, ports }) => ({ from: [...peers], ports: [...ports] })),
      egress: used(egress).map(({ peers, ports }) => ({ to: [...peers], ports: [...ports] })),
    },
  });
}

/** Pods of the store's own namespace. */
export function pods(matchLabels: Labels, ...ports: readonly number[]): Rule {
  return { peers: [{ podSelector: { matchLabels } }], ports: ports.map(tcp) };
}

/** All pods of another namespace. */
export function namespace(name: string | undefined, ...ports: readonly number[]): Rule | undefined {
  if (name === undefined) return undefined;
  return { peers: [{ namespaceSelector: { matchLabels: { [namespaceNameLabel]: name } } }], ports: ports.map(tcp) };
}

export function monitoring(...ports: readonly number[]): Rule | undefined {
  return namespace(monitoringNamespace, ...ports);
}

/** The services that need the store, wherever in the pool they are. Undefined if there is none. */
export function clients({ clients: all }: StoreContext, ...ports: readonly number[]): Rule | undefined {
  const peers = [...Map.groupBy(all, ({ namespace: name }) => name)].map(([name, those]) => ({
    namespaceSelector: { matchLabels: { [namespaceNameLabel]: name } },
    // Kong's pods are named by its chart, and nothing else runs beside it.
    ...(name === gatewayNamespace ? {} : { podSelector: { matchExpressions: [namedAs(those)] } }),
  }));
  return peers.length === 0 ? undefined : { peers, ports: ports.map(tcp) };
}

function namedAs(those: readonly StoreClient[]) {
  return { key: 'app.kubernetes.io/name', operator: 'In', values: those.map(({ name }) => name) };
}

export function toDns(): Rule {
  return {
    peers: [
      {
        namespaceSelector: { matchLabels: { [namespaceNameLabel]: 'kube-system' } },
        podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
      },
    ],
    ports: [{ protocol: 'UDP', port: IntOrString.fromNumber(53) }, tcp(53)],
  };
}

/** Object stores of clouds: public addresses. Undefined where backups go nowhere yet. */
export function toBackups({ destination }: Pick<StoreContext, 'destination'>): Rule | undefined {
  if (destination === undefined) return undefined;
  return { peers: world(), ports: [tcp(443)] };
}

/**
 * The Kubernetes API, for pods that an operator gives a part of its work. A policy sees its address behind the Service:
 * a private or a public one, by provider, so only the port and what it is not can be told.
 */
export function toKubernetesApi(): Rule {
  return { peers: [{ ipBlock: { cidr: '0.0.0.0/0', except: [cloudCredentials] } }], ports: [tcp(443), tcp(6443)] };
}

function tcp(port: number): NetworkPolicyPort {
  return { protocol: 'TCP', port: IntOrString.fromNumber(port) };
}
