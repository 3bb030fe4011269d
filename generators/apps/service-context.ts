import type { Pool } from '../../catalog/schema/pool.ts';
import type { Service } from '../../catalog/schema/service.ts';
import type { Topic } from '../../catalog/schema/topic.ts';
import type { CatalogSlice } from '../../catalog/slice.ts';
import type { Tier } from '../../catalog/tiers.ts';
import { type MetadataOptions, metadataOf, type Place } from '../app.ts';
import { shardLabel } from '../conventions.ts';
import type { Neighbours } from './neighbours.ts';
import type { RuntimeEnvironment } from './runtime-environment.ts';

/** What the objects of a service are made from. Each builder takes what it needs, and names what it took as sources. */
export interface ServiceContext {
  readonly place: Place;
  /** At the size that the environment gives it. */
  readonly service: Service;
  /** Whether that is another size than the catalog's. */
  readonly resized: boolean;
  readonly pool: Pool;
  readonly environment: RuntimeEnvironment;
  /** `repository:tag`, with `@digest` once one is locked. */
  readonly image: string;
  /** What of the bus it writes or reads. */
  readonly topics: readonly Topic[];
  /** Where the bus is that its pool borrows, `host:port`; undefined if it has its own. */
  readonly lentBus: string | undefined;
  /** Whom of ours it calls, and who calls it. */
  readonly neighbours: Neighbours;
  /** The whole of its work, or its shards. */
  readonly workloads: readonly Workload[];
}

/** A part of a service's work that runs by itself, on a slice of its own: one for each shard, or one for all. */
export interface Workload {
  /** Name of its objects: `chain-sync-critical`. */
  readonly name: string;
  readonly shard: string | undefined;
  readonly tier: Tier;
  readonly slice: CatalogSlice;
}

/** The service that follows the networks: it asks their endpoints, with their keys, by the environment's sync settings. */
export function followsNetworks({ shards }: Pick<Service, 'shards'>): boolean {
  return shards?.of === 'networks';
}

/** Selects the pods of a service, those of all shards. */
export function selectorOf(service: Pick<Service, 'id'>): Record<string, string> {
  return { 'app.kubernetes.io/name': service.id };
}

/** Selects the pods of one workload. A Deployment's selector can never change, so it holds ids and nothing else. */
export function workloadSelectorOf(service: Pick<Service, 'id'>, { shard }: Workload): Record<string, string> {
  return { ...selectorOf(service), ...(shard === undefined ? {} : { [shardLabel]: shard }) };
}

/** The metadata of an object that serves all of the service, and has its name. */
export function serviceMetadata(
  { place, service }: ServiceContext,
  wave: MetadataOptions['wave'],
  sources: readonly string[] = [],
) {
  return metadataOf({
    name: service.id,
    namespace: place.namespace,
    wave,
    sources: [`service/${service.id}`, ...sources],
    labels: selectorOf(service),
  });
}

/** The metadata of an object of one workload, and of that workload's name. */
export function workloadMetadata(
  { place, service }: ServiceContext,
  workload: Workload,
  {
    wave,
    sources = [],
    ...options
  }: Pick<MetadataOptions, 'wave' | 'annotations' | 'syncOptions'> & {
    sources?: readonly string[];
  },
) {
  return metadataOf({
    ...options,
    name: workload.name,
    namespace: place.namespace,
    wave,
    sources: [`service/${service.id}`, ...sources],
    labels: workloadSelectorOf(service, workload),
  });
}

/** The environment as a source, of objects that its sizes decide. */
export function sizeSources({ resized, environment }: ServiceContext): string[] {
  return resized ? [`environment/${environment.name}`] : [];
}
