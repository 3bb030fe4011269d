import type { Environment } from '../../catalog/schema/environment.ts';
import type { Pool } from '../../catalog/schema/pool.ts';
import type { Service } from '../../catalog/schema/service.ts';
import type { sliceOf } from '../../catalog/slice.ts';
import { type MetadataOptions, metadataOf, type Place } from '../app.ts';

/** What the objects of a service are made from. Each builder takes what it needs, and names what it took as sources. */
export interface ServiceContext {
  readonly place: Place;
  readonly service: Service;
  readonly pool: Pool;
  readonly environment: Environment;
  /** `repository:tag`, with `@digest` once one is locked. */
  readonly image: string;
  /** The part of the catalog that it reads. */
  readonly slice: ReturnType<typeof sliceOf>;
}

/** The one service that follows the chains: it asks their public endpoints, and runs by the settings of the brief. */
export function followsChains(service: Service): boolean {
  return service.id === 'chain-sync';
}

/** Selects the pods of a service. A Deployment's selector can never change, so it holds the id and nothing else. */
export function selectorOf(service: Service): Record<string, string> {
  return { 'app.kubernetes.io/name': service.id };
}

/** The metadata of an object that is the service's own, and has its name. */
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

/** How many replicas: the catalog's figures, unless the environment states its own. */
export function replicasOf({ service, environment }: ServiceContext): { min: number; max: number; sources: string[] } {
  const override = environment.services?.[service.id]?.replicas;
  if (override === undefined) return { min: service.scaling.min, max: service.scaling.max, sources: [] };
  return { ...override, sources: [`environment/${environment.name}`] };
}

/** True when an autoscaler sets the replicas, so that the Deployment must not. */
export function isAutoscaled(context: ServiceContext): boolean {
  const { min, max } = replicasOf(context);
  const { targetCpuPercent, targetMemoryPercent } = context.service.scaling;
  return max > min && (targetCpuPercent !== undefined || targetMemoryPercent !== undefined);
}
