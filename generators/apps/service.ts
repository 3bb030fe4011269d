import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { Service } from '../../catalog/schema/service.ts';
import { shardsOf } from '../../catalog/shards.ts';
import { sliceFor } from '../../catalog/slice.ts';
import { tierOfService } from '../../catalog/tiers.ts';
import type { Place } from '../app.ts';
import { imageOf } from '../images.ts';
import { getPool, type RenderInputs } from '../inputs.ts';
import { lentKafka, lentKafkaHost } from '../stores/lent-kafka.ts';
import { type Unit, unit } from '../unit.ts';
import { renderConfigMap } from './config-map.ts';
import { renderExternalSecret } from './external-secret.ts';
import { neighboursOf } from './neighbours.ts';
import { renderNetworkPolicy } from './network-policy.ts';
import { runtimeEnvironment } from './runtime-environment.ts';
import { renderAutoscaler, renderDisruptionBudget, renderScaledObject, renderScalerAccess } from './scaling.ts';
import type { ServiceContext, Workload } from './service-context.ts';
import { renderOpsObject, renderServiceAccount, renderServiceMonitor, renderServiceObject } from './service-objects.ts';
import { renderWorkload } from './workload.ts';

/** One service on one cluster. */
export function serviceUnit(place: Place, service: Service, inputs: RenderInputs): Unit {
  const { catalog, environment, images } = inputs;
  return unit({
    place,
    name: service.id,
    tier: 'services',
    owner: service.owner,
    inputs: {
      service,
      resized: environment.services?.[service.id] !== undefined,
      pool: getPool(catalog, service.pool),
      environment: runtimeEnvironment(environment, service),
      image: imageOf(images, 'defimon'),
      lentBus: lentBusOf(service, catalog, environment),
      neighbours: neighboursOf(place, service, inputs),
      topics: catalog.topics.filter(
        ({ producers, consumers }) => producers.includes(service.id) || consumers.includes(service.id),
      ),
      // The entries themselves, which are equal at a glance while they stay; slices and digests are made when rendering.
      reads: Object.fromEntries(service.reads.map((key) => [key, catalog[key]])) as Partial<Catalog>,
    },
    render: (at, { reads, ...its }) => {
      const context = { place: at, ...its, workloads: workloadsOf(its.service, reads) };
      return [
        ...ofService.map((render) => render(context)),
        ...context.workloads.flatMap((workload) => ofWorkload.map((render) => render(context, workload))),
      ];
    },
  });
}

/** Where a service finds the bus that its pool borrows. */
function lentBusOf(
  { pool, needs }: Service,
  catalog: Catalog,
  environment: RenderInputs['environment'],
): string | undefined {
  const lender = getPool(catalog, pool).borrows?.find(({ kind }) => kind === 'bus')?.from;
  if (lender === undefined || !needs.includes('bus')) return undefined;
  return `${lentKafkaHost(getPool(catalog, lender), environment)}:${lentKafka.port}`;
}

/** The shards of a service, or all of it as one. */
export function workloadsOf(service: Service, reads: Partial<Catalog>): Workload[] {
  const shards = shardsOf(service, { networks: reads.networks ?? [], pairs: reads.pairs ?? [] });
  if (service.shards === undefined) {
    return [{ name: service.id, shard: undefined, tier: tierOfService(service), slice: sliceFor(service, reads) }];
  }
  return shards.map((shard) => ({
    name: `${service.id}-${shard.id}`,
    shard: shard.id,
    tier: shard.tier,
    slice: sliceFor(service, reads, shard),
  }));
}

/** A service, object by object. Those that do not apply to it give nothing. */
const ofService: readonly ((context: ServiceContext) => object | undefined)[] = [
  renderServiceAccount,
  renderExternalSecret,
  renderNetworkPolicy,
  renderServiceObject,
  renderOpsObject,
  renderServiceMonitor,
  renderScalerAccess,
];

/** What each of its workloads has of its own. */
const ofWorkload: readonly ((context: ServiceContext, workload: Workload) => object | undefined)[] = [
  renderConfigMap,
  renderWorkload,
  renderAutoscaler,
  renderScaledObject,
  renderDisruptionBudget,
];
