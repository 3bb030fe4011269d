import {
  IntOrString,
  type NetworkPolicyEgressRule,
  type NetworkPolicyIngressRule,
  type NetworkPolicyPort,
} from 'cdk8s-plus-28/lib/imports/k8s.js';
import { cloudCredentials } from '../addresses.ts';
import { gatewayNamespace, monitoringNamespace, namespaceNameLabel, storeLabel } from '../conventions.ts';
import { lentKafka } from '../stores/lent-kafka.ts';

/** What a component's pods must be able to do besides answering Prometheus and asking for names. */
interface Traffic {
  /**
   * They ask the API server. Its address is the provider's affair, public or private, so port 443 is open to all but
   * the cloud's own credentials: who may ask the API may also call out.
   */
  readonly api?: true;
  /** Ports on which the API server calls them; it comes from the control plane, whose addresses are not known. */
  readonly webhooks?: readonly number[];
  /** The pods of the namespace speak with each other. */
  readonly inside?: true;
  /** They look after the stores of the pool. */
  readonly stores?: true;
  readonly ingress?: (poolNamespaces: readonly string[], lendsBus: boolean) => readonly NetworkPolicyIngressRule[];
  readonly egress?: (poolNamespaces: readonly string[]) => readonly NetworkPolicyEgressRule[];
}

const everyAddress = [
  { ipBlock: { cidr: '0.0.0.0/0', except: [cloudCredentials] } },
  { ipBlock: { cidr: '::/0', except: ['fe80::/10'] } },
];

const gateway = namespaceIn([gatewayNamespace]);

const operator: Traffic = { api: true, stores: true };

/** By component; one that stands in no row runs on the host's network, or where no policy of ours holds. */
const traffic: Readonly<Record<string, Traffic>> = {
  alloy: { api: true, inside: true },
  'argo-workflows': { api: true },
  'cert-manager': {
    api: true,
    webhooks: [10250],
    // It looks itself whether the answer to Let's Encrypt is there, by the public name. Where the balancer's address is
    // known to the cluster, it is led straight to Kong's pods, and from port 80 on to 443.
    egress: (names) => [
      { to: everyAddress, ports: [tcp(80)] },
      // The management cluster, which serves nobody, has no gateway.
      ...(names.length === 0 ? [] : [{ to: [{ namespaceSelector: gateway }], ports: [tcp(8000), tcp(8443)] }]),
    ],
  },
  'clickhouse-operator': operator,
  'cloudnative-pg': { ...operator, webhooks: [9443], inside: true },
  'cluster-api-operator': { api: true, webhooks: [9443] },
  crossplane: { api: true, webhooks: [9443], inside: true },
  'eck-operator': { ...operator, webhooks: [9443] },
  'external-secrets': { api: true, webhooks: [10250] },
  keda: { ...operator, webhooks: [6443, 9443], inside: true },
  kong: {
    api: true,
    inside: true,
    ingress: (_, lendsBus) => [{ ports: [tcp(8000), tcp(8443), ...(lendsBus ? [tcp(lentKafka.port)] : [])] }],
    // Services and what answers Let's Encrypt are in the pool's namespaces, and Kong's counters in the cache; Grafana is
    // beside Prometheus.
    egress: (names) => [
      { to: [{ namespaceSelector: namespaceIn(names) }] },
      { to: [{ namespaceSelector: namespaceIn([monitoringNamespace]) }], ports: [tcp(3000), tcp(8089)] },
    ],
  },
  'kube-prometheus-stack': {
    api: true,
    webhooks: [10250],
    inside: true,
    // Grafana, and what answers Let's Encrypt for its name.
    ingress: () => [{ from: [{ namespaceSelector: gateway }], ports: [tcp(3000), tcp(8089)] }],
    // Prometheus scrapes every pod, and the nodes' own agents on the host's network.
    egress: () => [
      {
        to: [
          { namespaceSelector: {} },
          ...['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'].map((cidr) => ({ ipBlock: { cidr } })),
        ],
      },
      // Kubelet and node exporter listen on nodes, which a range of addresses does not mean for a network by Cilium, as
      // at DigitalOcean and Google: these ports are open by number alone.
      { ports: [tcp(9100), tcp(10250)] },
    ],
  },
  loki: { inside: true },
  'minio-operator': {
    ...operator,
    // Tenants fetch their credentials and settings from it.
    ingress: (names) => [{ from: [{ namespaceSelector: namespaceIn(names) }], ports: [tcp(4223)] }],
  },
  'mongodb-operator': operator,
  'plugin-barman-cloud': { api: true, inside: true },
  'redis-operator': operator,
  reloader: { api: true },
  strimzi: operator,
  velero: { api: true, inside: true },
};

/** What of a cluster its components' policies speak of. */
export interface Neighbours {
  /** Where the stores and services are that operators and gateway reach. */
  readonly poolNamespaces: readonly string[];
  /** Whether Prometheus runs there. */
  readonly isMonitored: boolean;
  /** Whether other pools come to its bus through its gateway. */
  readonly lendsBus: boolean;
}

/** The rules of a component's policy; undefined when it needs none. */
export function trafficOf(
  component: string,
  { poolNamespaces, isMonitored, lendsBus }: Neighbours,
): { ingress: NetworkPolicyIngressRule[]; egress: NetworkPolicyEgressRule[] } | undefined {
  const needs = traffic[component];
  if (needs === undefined) return undefined;
  const { api, webhooks = [], inside, stores, ingress, egress } = needs;
  const storePods = {
    namespaceSelector: namespaceIn(poolNamespaces),
    podSelector: { matchExpressions: [{ key: storeLabel, operator: 'Exists' }] },
  };
  return {
    ingress: [
      ...(isMonitored ? [{ from: [{ namespaceSelector: namespaceIn([monitoringNamespace]) }] }] : []),
      ...(webhooks.length > 0 ? [{ ports: webhooks.map(tcp) }] : []),
      ...(inside ? [{ from: [{ podSelector: {} }] }] : []),
      ...(ingress?.(poolNamespaces, lendsBus) ?? []),
    ],
    egress: [
      toDns(),
      ...(api ? [{ to: everyAddress, ports: [tcp(443), tcp(6443)] }] : []),
      ...(inside ? [{ to: [{ podSelector: {} }] }] : []),
      ...(stores ? [{ to: [storePods] }] : []),
      ...(egress?.(poolNamespaces) ?? []),
    ],
  };
}

function toDns(): NetworkPolicyEgressRule {
  return {
    to: [{ namespaceSelector: namespaceIn(['kube-system']), podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
    ports: [{ protocol: 'UDP', port: IntOrString.fromNumber(53) }, tcp(53)],
  };
}

function namespaceIn(names: readonly string[]) {
  return { matchExpressions: [{ key: namespaceNameLabel, operator: 'In', values: [...names].sort() }] };
}

function tcp(port: number): NetworkPolicyPort {
  return { protocol: 'TCP', port: IntOrString.fromNumber(port) };
}
