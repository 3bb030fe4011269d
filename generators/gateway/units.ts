import type { Pool } from '../../catalog/schema/pool.ts';
import type { Service } from '../../catalog/schema/service.ts';
import type { Place } from '../app.ts';
import { metadataOf } from '../app.ts';
import { borrowersOf } from '../borrowed-stores.ts';
import { clustersOf, isPlaced } from '../clusters.ts';
import { gatewayNamespace, monitoringNamespace } from '../conventions.ts';
import { renderFilledSecret } from '../external-secret.ts';
import type { RenderInputs } from '../inputs.ts';
import { lentKafkaHost } from '../stores/lent-kafka.ts';
import { redisHostOf } from '../stores/redis.ts';
import { type Unit, unit } from '../unit.ts';
import { renderConsumers } from './consumers.ts';
import { findGrafanaDoor, type GrafanaDoor, renderGrafanaRoute } from './grafana.ts';
import { hostOf } from './hosts.ts';
import { renderLentKafka } from './lent-kafka.ts';
import { type LentTo, renderLentStore } from './lent-store.ts';
import { type RateLimitStore, rateLimitSecret, renderPlugins } from './plugins.ts';
import { renderCertificate, renderRoutes, renderStickiness } from './routes.ts';

/** Where the signing key of the auth service is kept. */
const signingKey = 'auth/jwt-secret';

/** The gateway of each cluster that serves the public, and its routes: all of it follows from services and plans. */
export function gatewayUnits({ catalog, environment }: RenderInputs): Unit[] {
  const origins = catalog.pools.filter(isPlaced).map((pool) => `https://${hostOf(pool, environment)}`);
  return catalog.pools.flatMap((pool) => {
    const services = catalog.services.filter((service) => service.pool === pool.id && service.routes.length > 0);
    if (services.length === 0) return [];
    const host = hostOf(pool, environment);
    const borrowers = borrowersOf(pool, 'timeseries', catalog);
    const busBorrowers = borrowersOf(pool, 'bus', catalog);
    return clustersOf(pool).flatMap((cluster, index) => {
      const place = { environment: environment.name, pool: pool.id, cluster };
      return [
        gatewayUnit({ ...place, namespace: gatewayNamespace }, pool, catalog.plans, origins, borrowers.length > 0),
        ...routeUnits(place, pool, host, services),
        ...lentStoreUnits(place, pool, `clickhouse.${host}`, { borrowers, egress: egressOf(borrowers, environment) }),
        ...lentKafkaUnits(place, pool, lentKafkaHost(pool, environment), {
          borrowers: busBorrowers,
          egress: egressOf(busBorrowers, environment),
        }),
        ...grafanaUnits(place, findGrafanaDoor(pool, environment, services, pool.regions[index])),
      ];
    });
  });
}

function gatewayUnit(
  place: Place,
  pool: Pool,
  plans: RenderInputs['catalog']['plans'],
  origins: readonly string[],
  isLender: boolean,
): Unit {
  return unit({
    place,
    name: 'gateway',
    tier: 'edges',
    owner: 'platform',
    inputs: { plans, origins, isLender, store: rateLimitStoreOf(pool) },
    render: (_, inputs) => [
      ...(inputs.store === undefined ? [] : [renderStoreSecret()]),
      ...renderPlugins(inputs.plans, inputs.origins, inputs.store, inputs),
      ...renderConsumers(inputs.plans, signingKey),
    ],
  });
}

/** The routes stand in the namespace of the services they lead to, as Kubernetes asks. */
function routeUnits(place: Omit<Place, 'namespace'>, pool: Pool, host: string, services: readonly Service[]): Unit[] {
  return [...Map.groupBy(services, ({ namespace }) => namespace)].map(([namespace, group]) =>
    unit({
      place: { ...place, namespace },
      name: `routes-${namespace}`,
      tier: 'edges',
      owner: pool.owner,
      inputs: { host, services: group },
      render: (at, inputs) => [
        renderCertificate(at, inputs.host),
        renderStickiness(at, inputs.services),
        ...inputs.services.flatMap((service) => renderRoutes(at, inputs.host, service)),
      ],
    }),
  );
}

/** Where the pool's stores are, in its first namespace. */
function lentStoreUnits(place: Omit<Place, 'namespace'>, pool: Pool, host: string, lentTo: LentTo): Unit[] {
  const [namespace] = pool.namespaces;
  if (lentTo.borrowers.length === 0 || namespace === undefined) return [];
  return [
    unit({
      place: { ...place, namespace },
      name: 'lent-clickhouse',
      tier: 'edges',
      owner: pool.owner,
      inputs: { host, lentTo },
      render: (at, inputs) => renderLentStore(at, inputs.host, inputs.lentTo),
    }),
  ];
}

function lentKafkaUnits(place: Omit<Place, 'namespace'>, pool: Pool, host: string, lentTo: LentTo): Unit[] {
  const [namespace] = pool.namespaces;
  if (lentTo.borrowers.length === 0 || namespace === undefined) return [];
  const brokers = pool.stores.find(({ kind }) => kind === 'bus')?.replicas ?? 1;
  return [
    unit({
      place: { ...place, namespace },
      name: 'lent-kafka',
      tier: 'edges',
      owner: pool.owner,
      inputs: { host, brokers, lentTo },
      render: (at, inputs) => renderLentKafka(at, inputs.host, inputs.brokers, inputs.lentTo),
    }),
  ];
}

/** An address that is not known cannot be let in: while one borrower does not say its own, there is no list. */
function egressOf(borrowers: readonly string[], { pools = {} }: RenderInputs['environment']): string[] {
  const known = borrowers.map((id) => pools[id]?.egress ?? []);
  return known.some((cidrs) => cidrs.length === 0) ? [] : known.flat().sort();
}

function grafanaUnits(place: Omit<Place, 'namespace'>, door: GrafanaDoor | undefined): Unit[] {
  if (door === undefined) return [];
  return [
    unit({
      place: { ...place, namespace: monitoringNamespace },
      name: `routes-${monitoringNamespace}`,
      tier: 'edges',
      owner: 'platform',
      inputs: { door },
      render: (at, inputs) => renderGrafanaRoute(at, inputs.door),
    }),
  ];
}

function rateLimitStoreOf(pool: Pool): RateLimitStore | undefined {
  const cache = pool.stores.find(({ kind, managed }) => kind === 'cache' && !managed);
  const [namespace] = pool.namespaces;
  return cache === undefined || namespace === undefined
    ? undefined
    : { host: redisHostOf(cache, namespace), port: 6379 };
}

function renderStoreSecret(): object {
  const { name, key } = rateLimitSecret;
  return renderFilledSecret(
    metadataOf({ name, namespace: gatewayNamespace, wave: 'secret', sources: ['service/gateway'] }),
    { [key]: 'redis/password' },
  );
}
