import type { EnvVar } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { rpcKeysOf, rpcKeyVariable } from '../../catalog/rpc-keys.ts';
import type { StoreKind } from '../../catalog/schema/common.ts';
import { RenderError } from '../inputs.ts';
import { followsNetworks, type ServiceContext, type Workload } from './service-context.ts';
import { trustedProxiesOf } from './trusted-proxies.ts';

/** One environment variable that is filled from the secret store, never from a file of ours. */
export interface SecretVariable {
  readonly env: string;
  /** `<secret>/<key>` */
  readonly secretRef: string;
  readonly sources: readonly string[];
}

/** The variables that carry the addresses of the stores, with the password in them. */
const addressVariables: Readonly<Record<StoreKind, string>> = {
  relational: 'DATABASE_URL',
  timeseries: 'CLICKHOUSE_URL',
  cache: 'REDIS_URL',
  bus: 'KAFKA_BROKERS',
  objects: 'OBJECTS_URL',
  document: 'MONGODB_URL',
  search: 'ELASTICSEARCH_URL',
};

/** A service that writes or reads a topic is a user of the bus, by its id. */
export const busUser = 'KAFKA_USERNAME';
export const busPassword = 'KAFKA_PASSWORD';

/** Whether the service has a user of its own at the bus. */
export function isBusUser({ service, topics }: ServiceContext): boolean {
  return service.needs.includes('bus') && topics.length > 0;
}

/** All secret variables of a workload: the addresses of the stores it needs, its own, and the keys of its endpoints. */
export function secretVariablesOf(context: ServiceContext, workload: Workload): SecretVariable[] {
  const { service } = context;
  const source = `service/${service.id}`;
  const own = (service.secrets ?? []).map((secret) => ({ ...secret, sources: [source] }));
  const password = { env: busPassword, secretRef: `kafka/${service.id}`, sources: context.topics.map(topicSource) };
  return [
    // That of a lent bus is no secret: it follows from the catalog.
    ...service.needs
      .filter((store) => store !== 'bus' || context.lentBus === undefined)
      .map((store) => addressOf(store, context)),
    ...authorityOf(context),
    ...(isBusUser(context) ? [password] : []),
    ...own,
    ...keyVariablesOf(context, workload),
  ];
}

/** The variables of a workload's container, secret ones first. */
export function variablesOf(context: ServiceContext, workload: Workload): EnvVar[] {
  const { service, workloads, lentBus, neighbours } = context;
  const proxies = trustedProxiesOf(context);
  const plain = {
    // Its certificate is one that every system knows: no KAFKA_CA.
    ...(lentBus === undefined ? {} : { [addressVariables.bus]: lentBus, KAFKA_TLS: 'true' }),
    ...(isBusUser(context) ? { [busUser]: service.id } : {}),
    // Binance counts request weight by address, and the shards may share one: each may spend its part of the budget.
    ...(service.shards?.of === 'pairs' ? { BINANCE_WEIGHT_SHARE: `1/${workloads.length}` } : {}),
    // Without it everybody behind the gateway is one caller, for limits by address.
    ...(proxies.length === 0 ? {} : { TRUSTED_PROXIES: proxies.join(',') }),
    ...neighbours.variables,
  };
  return [
    ...secretVariablesOf(context, workload).map(({ env }) => ({
      name: env,
      valueFrom: { secretKeyRef: { name: service.id, key: env } },
    })),
    ...Object.entries(plain).map(([name, value]) => ({ name, value })),
  ];
}

function addressOf(store: StoreKind, { service, environment }: ServiceContext): SecretVariable {
  const { stores, name } = environment;
  const file = `environments/${name}/environment.yaml`;
  if (stores.kind !== 'networked') {
    throw new RenderError(`${file}: its stores are ${stores.kind}, and pods need networked ones: set stores.kind`);
  }
  const address = stores[store];
  if (address === undefined) {
    throw new RenderError(`${file}: service/${service.id} needs the ${store} store: add stores.${store}.secretRef`);
  }
  return { env: addressVariables[store], secretRef: address.secretRef, sources: [`environment/${name}`] };
}

/** A rented PostgreSQL shows a certificate of its provider's own authority, which no system knows: it stands beside the address. */
function authorityOf(context: ServiceContext): SecretVariable[] {
  const { service, pool } = context;
  const isRented = pool.stores.some(({ kind, managed }) => kind === 'relational' && managed);
  if (!isRented || !service.needs.includes('relational')) return [];
  const { secretRef, sources } = addressOf('relational', context);
  const entry = secretRef.slice(0, secretRef.indexOf('/'));
  return [{ env: 'DATABASE_CA', secretRef: `${entry}/ca`, sources: [...sources, `pool/${pool.id}`] }];
}

function keyVariablesOf({ service }: ServiceContext, { slice }: Workload): SecretVariable[] {
  if (!followsNetworks(service)) return [];
  return rpcKeysOf(slice.catalog.networks ?? []).map(({ secretRef, networks }) => ({
    env: rpcKeyVariable(secretRef),
    secretRef,
    sources: networks.map((id) => `network/${id}`),
  }));
}

function topicSource({ id }: { id: string }): string {
  return `topic/${id}`;
}
