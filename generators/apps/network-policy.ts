import {
  IntOrString,
  KubeNetworkPolicy,
  type NetworkPolicyEgressRule,
  type NetworkPolicyIngressRule,
  type NetworkPolicyPeer,
  type NetworkPolicyPort,
} from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { StoreKind } from '../../catalog/schema/common.ts';
import { marketDefaults } from '../../catalog/schema/market-settings.ts';
import type { Pool, PoolStore } from '../../catalog/schema/pool.ts';
import { privateNets, world } from '../addresses.ts';
import { isBorrowed } from '../borrowed-stores.ts';
import { gatewayNamespace, monitoringNamespace, namespaceNameLabel, opsPort, storeLabel } from '../conventions.ts';
import { RenderError } from '../inputs.ts';
import { lentKafka } from '../stores/lent-kafka.ts';
import { type Neighbour, neighbourSources } from './neighbours.ts';
import { followsNetworks, type ServiceContext, selectorOf, serviceMetadata } from './service-context.ts';

/** Where each engine listens, plain and with TLS. */
const enginePorts: Readonly<Record<PoolStore['engine'], readonly number[]>> = {
  postgresql: [5432],
  clickhouse: [8123, 8443],
  redis: [6379],
  kafka: [9092, 9093],
  minio: [9000],
  mongodb: [27017],
  elasticsearch: [9200],
  // Object stores of clouds are called at public addresses.
  s3: [443],
  gcs: [443],
};

/** Rented engines that listen elsewhere. */
const rentedPorts: Partial<Record<Pool['provider'], Partial<Record<PoolStore['engine'], readonly number[]>>>> = {
  digitalocean: { postgresql: [25060] },
};

/** Opens in the namespace's default-deny just what the service's `needs`, ports and `internet` ask for. */
export function renderNetworkPolicy(context: ServiceContext): object {
  const { service, pool } = context;
  const worldPorts = worldPortsOf(context);
  return KubeNetworkPolicy.manifest({
    metadata: serviceMetadata(context, 'config', [`pool/${pool.id}`, ...neighbourSources(context)]),
    spec: {
      podSelector: { matchLabels: selectorOf(service) },
      policyTypes: ['Ingress', 'Egress'],
      ingress: ingressOf(context),
      egress: [
        toDns(),
        ...service.needs.flatMap((store) => toStore(store, context)),
        ...context.neighbours.called.map(({ ports, ...other }) => ({ to: [podsOf(other)], ports: ports.map(tcp) })),
        ...(worldPorts.length > 0 ? [toWorld(worldPorts)] : []),
      ],
    },
  });
}

function ingressOf({ service, neighbours }: ServiceContext): NetworkPolicyIngressRule[] {
  const publicPorts = service.ports.filter((port) => port.public === true);
  const fromGateway = {
    from: [{ namespaceSelector: namespaceIs(gatewayNamespace) }],
    ports: publicPorts.map(({ port }) => tcp(port)),
  };
  return [
    ...(publicPorts.length > 0 ? [fromGateway] : []),
    { from: [{ namespaceSelector: namespaceIs(monitoringNamespace) }], ports: [tcp(opsPort.port)] },
    ...neighbours.callers.map(({ ports, ...other }) => ({ from: [podsOf(other)], ports: ports.map(tcp) })),
  ];
}

function toDns(): NetworkPolicyEgressRule {
  return {
    to: [{ namespaceSelector: namespaceIs('kube-system'), podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
    ports: [{ protocol: 'UDP', port: IntOrString.fromNumber(53) }, tcp(53)],
  };
}

/** A store runs in the pool's own namespaces, unless the provider rents it out: then it is on a private net. */
function toStore(kind: StoreKind, { service, pool }: ServiceContext): NetworkPolicyEgressRule[] {
  // It answers at the gateway of another pool, in the world.
  if (isBorrowed(pool, kind)) return [];
  const { engine, managed } = storeOf(kind, service.id, pool);
  // Those are opened with the rest of the world.
  if (isPublic(engine)) return [];
  const ports = (managed ? rentedPorts[pool.provider]?.[engine] : undefined) ?? enginePorts[engine];
  const to = managed
    ? privateNets.map((cidr) => ({ ipBlock: { cidr } }))
    : [
        {
          namespaceSelector: {
            matchExpressions: [{ key: namespaceNameLabel, operator: 'In', values: [...pool.namespaces].sort() }],
          },
          podSelector: { matchLabels: { [storeLabel]: kind } },
        },
      ];
  return [{ to, ports: ports.map(tcp) }];
}

/** Ports of public addresses that the service may call: 443, and where a lent bus, its networks' endpoints or the exchange listen. */
function worldPortsOf({ service, pool, environment, workloads }: ServiceContext): number[] {
  const endpoints = workloads.flatMap(({ slice }) => (slice.catalog.networks ?? []).flatMap(({ rpc }) => rpc));
  const ports = new Set([
    ...(service.internet === true ? [443] : []),
    ...service.needs.flatMap((kind) => {
      if (isBorrowed(pool, kind)) return [kind === 'bus' ? lentKafka.port : 443];
      const { engine } = storeOf(kind, service.id, pool);
      return isPublic(engine) ? enginePorts[engine] : [];
    }),
    ...(service.internet === true && followsNetworks(service) ? endpoints.map(({ url }) => portOf(url)) : []),
    ...(service.internet === true && service.reads.includes('pairs') ? exchangePorts(environment) : []),
  ]);
  return [...ports].sort((a, b) => a - b);
}

/** Where the markets of the exchange listen. */
function exchangePorts({ market }: ServiceContext['environment']): number[] {
  const addresses = Object.values({ ...marketDefaults.exchange, ...market?.exchange });
  return addresses.flatMap(({ rest, stream }) => [portOf(rest), portOf(stream)]);
}

function toWorld(ports: readonly number[]): NetworkPolicyEgressRule {
  return { to: world(), ports: ports.map(tcp) };
}

function storeOf(kind: StoreKind, service: string, { id, stores }: Pool): PoolStore {
  const store = stores.find((candidate) => candidate.kind === kind);
  if (store === undefined)
    throw new RenderError(`service/${service} needs the ${kind} store, which pool/${id} has not`);
  return store;
}

function isPublic(engine: PoolStore['engine']): boolean {
  return engine === 's3' || engine === 'gcs';
}

function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  if (port !== '') return Number(port);
  return protocol === 'http:' || protocol === 'ws:' ? 80 : 443;
}

/** The pods of one of ours, and of no other in its namespace. */
function podsOf({ id, namespace }: Pick<Neighbour, 'id' | 'namespace'>): NetworkPolicyPeer {
  return { namespaceSelector: namespaceIs(namespace), podSelector: { matchLabels: selectorOf({ id }) } };
}

function namespaceIs(name: string) {
  return { matchLabels: { [namespaceNameLabel]: name } };
}

function tcp(port: number): NetworkPolicyPort {
  return { protocol: 'TCP', port: IntOrString.fromNumber(port) };
}
