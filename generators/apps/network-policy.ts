import {
  IntOrString,
  KubeNetworkPolicy,
  type NetworkPolicyEgressRule,
  type NetworkPolicyIngressRule,
  type NetworkPolicyPort,
} from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { StoreKind } from '../../catalog/schema/common.ts';
import { gatewayNamespace, monitoringNamespace, namespaceNameLabel, opsPort, storeLabel } from '../conventions.ts';
import { followsChains, type ServiceContext, selectorOf, serviceMetadata } from './service-context.ts';

/** The usual port of each store. */
const storePorts: Readonly<Record<StoreKind, number>> = {
  relational: 5432,
  timeseries: 8123,
  cache: 6379,
  bus: 9092,
  objects: 9000,
  document: 27017,
  search: 9200,
};

/** Addresses that are no part of the world: private nets and the link-local one where clouds keep their credentials. */
const privateNets = {
  '0.0.0.0/0': ['10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
  '::/0': ['fc00::/7', 'fe80::/10'],
} as const;

/** Opens in the namespace's default-deny just what the service's `needs` and ports ask for. */
export function renderNetworkPolicy(context: ServiceContext): object {
  const { service, pool } = context;
  return KubeNetworkPolicy.manifest({
    metadata: serviceMetadata(context, 'config', [`pool/${pool.id}`]),
    spec: {
      podSelector: { matchLabels: selectorOf(service) },
      policyTypes: ['Ingress', 'Egress'],
      ingress: ingressOf(context),
      egress: [
        toDns(),
        ...service.needs.map((store) => toStore(store, context)),
        ...(followsChains(service) ? [toWorld()] : []),
      ],
    },
  });
}

function ingressOf({ service }: ServiceContext): NetworkPolicyIngressRule[] {
  const publicPorts = service.ports.filter((port) => port.public === true);
  const fromGateway = {
    from: [{ namespaceSelector: namespaceIs(gatewayNamespace) }],
    ports: publicPorts.map(({ port }) => tcp(port)),
  };
  return [
    ...(publicPorts.length > 0 ? [fromGateway] : []),
    { from: [{ namespaceSelector: namespaceIs(monitoringNamespace) }], ports: [tcp(opsPort.port)] },
  ];
}

function toDns(): NetworkPolicyEgressRule {
  return {
    to: [{ namespaceSelector: namespaceIs('kube-system'), podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
    ports: [{ protocol: 'UDP', port: IntOrString.fromNumber(53) }, tcp(53)],
  };
}

/** A store runs in the pool's own namespaces, unless the provider rents it out: then it is on the private net. */
function toStore(kind: StoreKind, { pool }: ServiceContext): NetworkPolicyEgressRule {
  const rented = pool.stores.some((store) => store.kind === kind && store.managed);
  const to = rented
    ? [{ ipBlock: { cidr: '10.0.0.0/8' } }]
    : [
        {
          namespaceSelector: {
            matchExpressions: [{ key: namespaceNameLabel, operator: 'In', values: [...pool.namespaces].sort() }],
          },
          podSelector: { matchLabels: { [storeLabel]: kind } },
        },
      ];
  return { to, ports: [tcp(storePorts[kind])] };
}

/** Public endpoints all listen on 443. */
function toWorld(): NetworkPolicyEgressRule {
  const to = Object.entries(privateNets).map(([cidr, except]) => ({ ipBlock: { cidr, except: [...except] } }));
  return { to, ports: [tcp(443)] };
}

function namespaceIs(name: string) {
  return { matchLabels: { [namespaceNameLabel]: name } };
}

function tcp(port: number): NetworkPolicyPort {
  return { protocol: 'TCP', port: IntOrString.fromNumber(port) };
}
