import { componentsOf, componentsOfManagement } from '../../catalog/components.ts';
import type { Component } from '../../catalog/schema/component.ts';
import { borrowersOf } from '../borrowed-stores.ts';
import { clustersOf, isPlaced } from '../clusters.ts';
import { managementCluster } from '../conventions.ts';
import type { JsonObject } from '../emit/yaml.ts';
import type { RenderInputs } from '../inputs.ts';
import type { ComponentContext } from './component-context.ts';
import { clusterApiNamespaces } from './values/cluster-api-operator.ts';
import { valuesOf } from './values.ts';

/** A chart on a cluster. */
export interface Install {
  readonly environment: string;
  /** `management` for the cluster that belongs to no pool. */
  readonly pool: string;
  readonly cluster: string;
  readonly component: Component;
  /** Where its objects are: its own namespace first. */
  readonly namespaces: readonly string[];
  readonly values: JsonObject;
  /** Catalog ids that say it is there. */
  readonly sources: readonly string[];
}

const poolNamespaces = ({ pool }: ComponentContext) => pool?.namespaces ?? [];

/** Other namespaces that a chart writes to, as `helm template` shows it: to read the cluster's settings, or for accounts of pods. */
const beside: Readonly<Record<string, (context: ComponentContext) => readonly string[]>> = {
  'argo-workflows': poolNamespaces,
  'cluster-api-operator': () => clusterApiNamespaces,
  keda: () => ['kube-system'],
  'mongodb-operator': poolNamespaces,
  reloader: poolNamespaces,
};

/** Every chart of every cluster. A pool without a provider has no cluster that they could go to. */
export function installsOf(inputs: RenderInputs): Install[] {
  return [
    ...inputs.catalog.pools.filter(isPlaced).flatMap((pool) =>
      clustersOf(pool).flatMap((cluster, index) => {
        const region = pool.regions[index];
        const services = inputs.catalog.services.filter((service) => service.pool === pool.id);
        const lendsBus = borrowersOf(pool, 'bus', inputs.catalog).length > 0;
        const where = { pool, services, lendsBus, ...(region === undefined ? {} : { region }) };
        return componentsOf(pool, inputs.catalog).map((component) =>
          install(pool.id, { environment: inputs.environment, cluster, component, ...where }),
        );
      }),
    ),
    ...componentsOfManagement(inputs.catalog).map((component) =>
      install(managementCluster, {
        environment: inputs.environment,
        cluster: managementCluster,
        component,
        services: [],
        lendsBus: false,
      }),
    ),
  ];
}

function install(pool: string, context: ComponentContext): Install {
  const { environment, cluster, component } = context;
  return {
    environment: environment.name,
    pool,
    cluster,
    component,
    namespaces: [component.namespace, ...(beside[component.id]?.(context) ?? [])],
    values: valuesOf(context),
    sources: [`component/${component.id}`, ...(pool === managementCluster ? [] : [`pool/${pool}`])],
  };
}
