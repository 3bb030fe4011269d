import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { Pool, PoolStore } from '../../catalog/schema/pool.ts';
import type { Place } from '../app.ts';
import { findBackupDestination } from '../backup/destination.ts';
import { borrowersOf } from '../borrowed-stores.ts';
import { clustersOf } from '../clusters.ts';
import { gatewayNamespace } from '../conventions.ts';
import { RenderError, type RenderInputs } from '../inputs.ts';
import { type Unit, unit } from '../unit.ts';
import { renderClickhouse } from './clickhouse.ts';
import { renderElasticsearch } from './elasticsearch.ts';
import { renderKafka } from './kafka.ts';
import { lentKafkaHost } from './lent-kafka.ts';
import { renderMinio } from './minio.ts';
import { renderMongodb } from './mongodb.ts';
import { renderPostgresql } from './postgresql.ts';
import { renderRedis } from './redis.ts';
import type { SizedStore, StoreClient, StoreContext, StorePart } from './store-context.ts';

/** Engines that can run in a cluster: who renders them, and the component of the catalog that looks after them. */
const engines: Partial<Record<PoolStore['engine'], { readonly render: StorePart; readonly operator: string }>> = {
  postgresql: { render: renderPostgresql, operator: 'cloudnative-pg' },
  clickhouse: { render: renderClickhouse, operator: 'clickhouse-operator' },
  redis: { render: renderRedis, operator: 'redis-operator' },
  kafka: { render: renderKafka, operator: 'strimzi' },
  minio: { render: renderMinio, operator: 'minio-operator' },
  mongodb: { render: renderMongodb, operator: 'mongodb-operator' },
  elasticsearch: { render: renderElasticsearch, operator: 'eck-operator' },
};

/** Software of others that keeps what it has in the pool's stores. */
const workloadNeeds: Readonly<Record<string, readonly PoolStore['kind'][]>> = { mlflow: ['relational', 'objects'] };

/** The brief's data lake; where models are trained, they have a bucket of their own. */
const dataLake = ['raw-data', 'processed-data', 'backup'];

/** Every store that a pool runs on its own nodes, once for each of its clusters. Rented ones are in the pool's unit. */
export function storeUnits(inputs: RenderInputs): Unit[] {
  return inputs.catalog.pools.flatMap((pool) =>
    clustersOf(pool).flatMap((cluster) => {
      const place = placeOf(inputs, pool, cluster);
      return pool.stores
        .filter(({ managed }) => !managed)
        .map((store) => storeUnit(place, pool, sizeOf(store), inputs));
    }),
  );
}

function placeOf({ environment }: RenderInputs, pool: Pool, cluster: string): Place {
  const [namespace] = pool.namespaces;
  if (namespace === undefined) throw new RenderError(`pool/${pool.id} has no namespace: add one`);
  return { environment: environment.name, pool: pool.id, cluster, namespace };
}

function storeUnit(place: Place, pool: Pool, store: SizedStore, { catalog, environment }: RenderInputs): Unit {
  const found = engines[store.engine];
  if (found === undefined) {
    throw new RenderError(
      `pool/${pool.id}: ${store.engine} runs in no cluster: set "managed: true", or another engine`,
    );
  }
  const isBus = store.kind === 'bus';
  const borrowers = borrowersOf(pool, store.kind, catalog);
  const inputs: Omit<StoreContext, 'place'> = {
    store,
    borrowers,
    lentHost: isBus && borrowers.length > 0 ? lentKafkaHost(pool, environment) : undefined,
    backups: pool.backups,
    destination: findBackupDestination(environment.name, pool, place.cluster),
    clients: clientsOf(pool, store, place, catalog),
    operatorNamespace: namespaceOf(catalog, found.operator),
    topics: isBus ? catalog.topics.filter((topic) => topic.pool === pool.id) : [],
    scalerNamespace: isBus && scalesByLag(pool, catalog) ? namespaceOf(catalog, 'keda') : undefined,
    buckets: store.kind === 'objects' ? bucketsOf(pool) : [],
  };
  return unit({
    place,
    name: store.engine,
    tier: 'stores',
    owner: pool.owner,
    inputs,
    render: (at, context) => found.render({ place: at, ...context }),
  });
}

/** What is not stated is little: a store that is there to be tried. */
function sizeOf(store: PoolStore): SizedStore {
  const { requests, limits } = store.resources ?? leastResources;
  return {
    ...store,
    replicas: store.replicas ?? 1,
    storageGB: store.storageGB ?? leastStorageGB,
    resources: { requests, limits: limits ?? requests },
  };
}

const leastResources = { requests: { cpu: '100m', memory: '512Mi' }, limits: { cpu: '1', memory: '1Gi' } };
/** The smallest volume of Hetzner. */
const leastStorageGB = 10;

/** Who may call a store: the services that need it, and what stands for one of them. */
function clientsOf(pool: Pool, { kind }: PoolStore, place: Place, catalog: Catalog): StoreClient[] {
  const services = catalog.services
    .filter((service) => service.pool === pool.id && service.needs.includes(kind))
    .map(({ id, namespace, workload }) => ({
      name: id,
      namespace: workload?.kind === 'kong' ? gatewayNamespace : namespace,
    }));
  const workloads = (pool.workloads ?? [])
    .filter(({ id }) => workloadNeeds[id]?.includes(kind))
    .map(({ id }) => ({ name: id, namespace: place.namespace }));
  return [...services, ...workloads].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function scalesByLag(pool: Pool, catalog: Catalog): boolean {
  return catalog.services.some((service) => service.pool === pool.id && service.scaling.targetLag !== undefined);
}

function bucketsOf(pool: Pool): string[] {
  return pool.workloads?.some(({ id }) => id === 'mlflow') ? [...dataLake, 'models'] : dataLake;
}

/** A lock that is older than components holds none; all of them have their operators in one namespace. */
function namespaceOf(catalog: Catalog, component: string): string {
  return catalog.components.find(({ id }) => id === component)?.namespace ?? 'operators';
}
