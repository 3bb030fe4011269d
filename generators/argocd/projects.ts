import type { App } from '../app.ts';
import { destinationOf, managementCluster, platformProjectOf, projectOf, repositoryUrl } from '../conventions.ts';
import { identityOf, type Manifest } from '../emit/manifest.ts';
import { RenderError } from '../inputs.ts';
import type { Install } from '../platform/installs.ts';
import { type Allowance, managementAllowance, poolAllowance } from './allowed-kinds.ts';
import { chartRepositoryOf } from './applications.ts';
import { argocdMetadata } from './argocd-metadata.ts';
import { clusterKindsOf, refusedKinds } from './platform-kinds.ts';

/**
 * The AppProject of one environment and pool: which clusters and namespaces its apps may touch, and with what.
 *
 * @param apps All apps of the pool in the environment.
 */
export function renderProject(environment: string, pool: string, apps: readonly App[]): Manifest {
  const allowance = pool === managementCluster ? managementAllowance : poolAllowance;
  const lists = { cluster: listOf(allowance.cluster), namespaced: listOf(allowance.namespaced) };
  // One of each kind, and each place once: there are thousands of objects, and few of these.
  const kinds = new Map<string, Manifest>();
  const places = new Map<string, Destination>();
  for (const { cluster, namespace, manifests } of apps) {
    places.set(`${cluster} ${namespace}`, { cluster, namespace });
    for (const manifest of manifests) {
      const own = manifest.metadata.namespace;
      kinds.set(`${manifest.apiVersion} ${manifest.kind} ${own === undefined}`, manifest);
      if (own !== undefined) places.set(`${cluster} ${own}`, { cluster, namespace: own });
    }
  }
  for (const manifest of kinds.values()) refuseUnlisted(manifest, lists);
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: argocdMetadata(projectOf(environment, pool), sourcesOfPool(pool), -5),
    spec: {
      description: `Apps of the ${pool} pool in ${environment}`,
      sourceRepos: [repositoryUrl],
      destinations: destinationsOf(environment, [...places.values()]),
      clusterResourceWhitelist: lists.cluster,
      namespaceResourceWhitelist: lists.namespaced,
      orphanedResources: { warn: true },
    },
  };
}

/**
 * The AppProject of the charts of one environment and pool: exactly their repositories, on exactly their clusters and
 * namespaces.
 *
 * @param installs All charts of the pool in the environment.
 */
export function renderPlatformProject(environment: string, pool: string, installs: readonly Install[]): Manifest {
  const destinations = installs.flatMap(({ cluster, namespaces }) =>
    namespaces.map((namespace) => ({ cluster, namespace })),
  );
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: argocdMetadata(platformProjectOf(environment, pool), sourcesOfPool(pool), -5),
    spec: {
      description: `Operators and platform software of the ${pool} pool in ${environment}`,
      sourceRepos: [...new Set(installs.map(({ component }) => chartRepositoryOf(component.repo)))].sort(),
      destinations: destinationsOf(environment, destinations),
      clusterResourceWhitelist: clusterKindsOf(installs.map(({ component }) => component.id)),
      namespaceResourceBlacklist: refusedKinds,
      orphanedResources: { warn: true },
    },
  };
}

/** The management cluster belongs to no pool of the catalog. */
function sourcesOfPool(pool: string): string[] {
  return pool === managementCluster ? [] : [`pool/${pool}`];
}

interface Destination {
  readonly cluster: string;
  readonly namespace: string;
}

function destinationsOf(
  environment: string,
  destinations: readonly Destination[],
): { name: string; namespace: string }[] {
  const unique = new Map(destinations.map((one) => [`${one.cluster} ${one.namespace}`, one]));
  return [...unique]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { cluster, namespace }]) => ({ name: destinationOf(environment, cluster), namespace }));
}

function listOf(allowed: Allowance['cluster']): { group: string; kind: string }[] {
  return allowed.flatMap(({ group, kinds }) => kinds.map((kind) => ({ group, kind })));
}

function refuseUnlisted(manifest: Manifest, lists: Record<'cluster' | 'namespaced', ReturnType<typeof listOf>>): void {
  const { apiVersion, kind, metadata } = manifest;
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  const allowed = metadata.namespace === undefined ? lists.cluster : lists.namespaced;
  if (allowed.some((listed) => fits(listed.group, group) && fits(listed.kind, kind))) return;
  throw new RenderError(
    `${identityOf(manifest)}: no AppProject allows this kind: add it to generators/argocd/allowed-kinds.ts, if it is to be`,
  );
}

/** As Argo CD compares, as far as our lists use it: `*` alone is anything, and at the start any beginning. */
function fits(pattern: string, text: string): boolean {
  return pattern.startsWith('*') ? text.endsWith(pattern.slice(1)) : pattern === text;
}
