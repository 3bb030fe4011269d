import type { App } from '../app.ts';
import { destinationOf, projectOf, repositoryUrl } from '../conventions.ts';
import { identityOf, type Manifest } from '../emit/manifest.ts';
import { RenderError } from '../inputs.ts';
import { type Allowance, poolAllowance } from './allowed-kinds.ts';
import { argocdMetadata } from './argocd-metadata.ts';

/**
 * The AppProject of one environment and pool: which clusters and namespaces its apps may touch, and with what.
 *
 * @param apps All apps of the pool in the environment.
 */
export function renderProject(environment: string, pool: string, apps: readonly App[]): Manifest {
  const allowance = poolAllowance;
  for (const manifest of apps.flatMap((app) => app.manifests)) refuseUnlisted(manifest, allowance);
  const destinations = new Set(apps.map(({ cluster, namespace }) => `${cluster} ${namespace}`));
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: argocdMetadata(projectOf(environment, pool), [`pool/${pool}`], -5),
    spec: {
      description: `Apps of the ${pool} pool in ${environment}`,
      sourceRepos: [repositoryUrl],
      destinations: [...destinations].sort().map((destination) => {
        const [cluster = '', namespace = ''] = destination.split(' ');
        return { name: destinationOf(environment, cluster), namespace };
      }),
      clusterResourceWhitelist: listOf(allowance.cluster),
      namespaceResourceWhitelist: listOf(allowance.namespaced),
      orphanedResources: { warn: true },
    },
  };
}

function listOf(allowed: Allowance['cluster']): { group: string; kind: string }[] {
  return allowed.flatMap(({ group, kinds }) => kinds.map((kind) => ({ group, kind })));
}

function refuseUnlisted(manifest: Manifest, allowance: Allowance): void {
  const { apiVersion, kind, metadata } = manifest;
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  const allowed = metadata.namespace === undefined ? allowance.cluster : allowance.namespaced;
  if (listOf(allowed).some((listed) => listed.group === group && listed.kind === kind)) return;
  throw new RenderError(
    `${identityOf(manifest)}: no AppProject allows this kind: add it to generators/argocd/allowed-kinds.ts, if it is to be`,
  );
}
