import type { Catalog } from './schema/catalog.ts';
import type { Component } from './schema/component.ts';
import type { Pool, PoolStore } from './schema/pool.ts';
import type { Service } from './schema/service.ts';

type Need = (pool: Pool, services: readonly Service[]) => boolean;

/** What a cluster must have for a component to be of use there. A component that stands in no row runs nowhere. */
const needs: Readonly<Record<string, Need>> = {
  'cert-manager': always,
  'external-secrets': always,
  reloader: (_, services) => services.some(keepsSecrets),
  'kube-prometheus-stack': works('prometheus'),
  'node-exporter': works('prometheus'),
  loki: works('loki'),
  alloy: works('loki'),
  kong: (_, services) => services.some(({ routes }) => routes.length > 0),
  'cloudnative-pg': runs('postgresql'),
  'plugin-barman-cloud': runs('postgresql'),
  'clickhouse-operator': runs('clickhouse'),
  strimzi: runs('kafka'),
  'redis-operator': runs('redis'),
  'minio-operator': runs('minio'),
  'mongodb-operator': runs('mongodb'),
  'eck-operator': runs('elasticsearch'),
  keda: (_, services) => services.some(({ scaling }) => scaling.targetLag !== undefined),
  // Google's clusters come with their own metrics server and autoscaler, DigitalOcean's with an autoscaler. Hetzner's have
  // none: Cluster API makes as many machines as it is told, and what would tell it, an autoscaler beside their objects in
  // the management cluster, is not installed yet. A group starts with its `min`; a person scales its MachineDeployment.
  'metrics-server': isAt('hetzner', 'aws', 'digitalocean'),
  'cluster-autoscaler': isAt('aws'),
  'argo-workflows': ({ nodeGroups }) => nodeGroups.some(({ accelerator }) => accelerator === 'gpu'),
  velero: ({ backups }) => backups !== undefined,
  cilium: isAt('hetzner'),
  'hcloud-cloud-controller-manager': isAt('hetzner'),
  'hcloud-csi': isAt('hetzner'),
};

/** The cluster in which the machines of the others are described. */
const managementComponents = ['cert-manager', 'external-secrets', 'crossplane', 'cluster-api-operator'];

/** The components that every cluster of a pool runs, in the catalog's order: they follow from what the pool runs. */
export function componentsOf(
  pool: Pool,
  { services, components }: Pick<Catalog, 'services' | 'components'>,
): Component[] {
  const itsServices = services.filter((service) => service.pool === pool.id);
  return components.filter(({ id }) => needs[id]?.(pool, itsServices) ?? false);
}

/** The components of the management cluster. */
export function componentsOfManagement({ components }: Pick<Catalog, 'components'>): Component[] {
  return components.filter(({ id }) => managementComponents.includes(id));
}

function always(): boolean {
  return true;
}

function works(workload: string): Need {
  return ({ workloads = [] }) => workloads.some(({ id }) => id === workload);
}

/** Its pods take secrets when they start: the addresses of its stores, or its own. A run takes them anew each time. */
function keepsSecrets({ needs, secrets = [], workload }: Service): boolean {
  return workload?.kind !== 'cronjob' && needs.length + secrets.length > 0;
}

/** A store of this engine runs in the cluster, and is not rented. */
function runs(engine: PoolStore['engine']): Need {
  return ({ stores }) => stores.some((store) => store.engine === engine && !store.managed);
}

function isAt(...providers: Pool['provider'][]): Need {
  return ({ provider }) => providers.includes(provider);
}
