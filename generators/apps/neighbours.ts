import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { Service } from '../../catalog/schema/service.ts';
import type { Place } from '../app.ts';
import { clustersOf } from '../clusters.ts';
import { opsPort, repositoryUrl, revision } from '../conventions.ts';
import { findGrafanaDoor } from '../gateway/grafana.ts';
import { hostOf } from '../gateway/hosts.ts';
import { getPool, RenderError, type RenderInputs } from '../inputs.ts';
import type { ServiceContext } from './service-context.ts';
import { opsServiceOf } from './service-objects.ts';

/** One of ours in the same cluster, and the ports of the one that is called. */
export interface Neighbour {
  readonly id: string;
  readonly namespace: string;
  readonly ports: readonly number[];
}

/** How a service and the others of ours meet. */
export interface Neighbours {
  /** Where the others are, in the variables that the program reads. */
  readonly variables: Readonly<Record<string, string>>;
  /** Ids of the services that those follow from. */
  readonly named: readonly string[];
  /** Whose pods it may ask, at their ports. */
  readonly called: readonly Neighbour[];
  /** Whose pods may ask it, at its own ports. */
  readonly callers: readonly Neighbour[];
}

/** Who meets whom, by `calls` and `watches` of the catalog. What is in another cluster is called at its public host. */
export function neighboursOf(place: Place, service: Service, inputs: RenderInputs): Neighbours {
  const { catalog } = inputs;
  const neighbours = catalog.services.filter(
    ({ pool, workload }) => pool === service.pool && workload?.kind !== 'kong',
  );
  const watched = service.watches === true ? watchedServices(neighbours) : [];
  const withPorts = (other: Service, ports: readonly number[]): Neighbour[] =>
    ports.length === 0 ? [] : [{ id: other.id, namespace: other.namespace, ports }];
  return {
    variables: {
      ...Object.fromEntries((service.calls ?? []).map((call) => [call.env, addressOf(call, service, inputs)])),
      ...(service.watches === true ? watchedVariables(place, service, watched, inputs) : {}),
    },
    named: [...new Set([...(service.calls ?? []).map((call) => call.service), ...watched.map(({ id }) => id)])],
    called: neighbours.flatMap((other) => withPorts(other, portsBetween(service, other))),
    callers: neighbours.flatMap((other) => withPorts(other, portsBetween(other, service))),
  };
}

/** What the variables of a workload follow from. */
export function variableSources({ neighbours }: ServiceContext): string[] {
  return neighbours.named.map((id) => `service/${id}`);
}

/** What the doors of a service follow from: those whom it meets in its cluster. */
export function neighbourSources({ neighbours: { called, callers } }: ServiceContext): string[] {
  return [...new Set([...called, ...callers].map(({ id }) => `service/${id}`))];
}

/** Services whose pods can be asked how they are: a CronJob's are there for their run alone, and what sleeps has none. */
export function watchedServices(services: readonly Service[]): Service[] {
  return services.filter(({ released, workload }) => released && !/^(kong|cronjob)$/.test(workload?.kind ?? ''));
}

/** The ports of one service that another calls, each once. */
function portsBetween(caller: Service, called: Service): number[] {
  const own = (caller.calls ?? []).filter((call) => call.service === called.id).map(({ port }) => portOf(called, port));
  const isWatched = caller.watches === true && watchedServices([called]).length > 0;
  return [...new Set([...own, ...(isWatched ? [opsPort.port] : [])])].sort((a, b) => a - b);
}

function addressOf(
  { service: id, port }: { readonly service: string; readonly port: string },
  caller: Service,
  { catalog, environment }: RenderInputs,
): string {
  const called = getService(catalog, id, caller);
  if (called.pool !== caller.pool) return `https://${hostOf(getPool(catalog, called.pool), environment)}`;
  return `http://${called.id}.${called.namespace}.svc:${portOf(called, port)}`;
}

/** Where whoever watches finds the pods of its cluster, the environments' files, and the Grafana that people go to. */
function watchedVariables(
  { cluster }: Place,
  { pool: poolId }: Service,
  watched: readonly Service[],
  { catalog, environment }: RenderInputs,
): Record<string, string> {
  const pool = getPool(catalog, poolId);
  const region = pool.regions[clustersOf(pool).indexOf(cluster)];
  const ofPool = catalog.services.filter((one) => one.pool === poolId);
  const door = findGrafanaDoor(pool, environment, ofPool, region);
  return {
    OPS_URLS: watched.map((one) => `http://${opsServiceOf(one)}.${one.namespace}.svc:${opsPort.port}`).join(','),
    REPOSITORY_URL: repositoryApi,
    REPOSITORY_REF: revision.replace('refs/heads/', ''),
    ...(door === undefined ? {} : { GRAFANA_URL: `https://${door.host}` }),
  };
}

/** The project in GitLab's API, of which files are asked one by one. */
const repositoryApi = apiOf(new URL(repositoryUrl));

function apiOf({ origin, pathname }: URL): string {
  return `${origin}/api/v4/projects/${encodeURIComponent(pathname.slice(1).replace(/\.git$/, ''))}`;
}

function getService(catalog: Catalog, id: string, caller: Service): Service {
  const found = catalog.services.find((candidate) => candidate.id === id);
  if (found === undefined) throw new RenderError(`service/${caller.id} calls ${id}, which is not in the catalog`);
  return found;
}

function portOf({ id, ports }: Service, name: string): number {
  const found = ports.find((candidate) => candidate.name === name);
  if (found === undefined) throw new RenderError(`service/${id} has no port ${name}, which another calls`);
  return found.port;
}
