import type { App } from '../app.ts';
import { destinationOf, projectOf, repositoryUrl } from '../conventions.ts';
import { identityOf, type Manifest } from '../emit/manifest.ts';
import { RenderError } from '../inputs.ts';
import { argocdMetadata } from './argocd-metadata.ts';

interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** The kinds that an app may bring to a cluster. A kind that stands in no list is refused here and by Argo CD. */
const clusterKinds: readonly GroupKind[] = [{ group: '', kind: 'Namespace' }];
const namespacedKinds: readonly GroupKind[] = [
  { group: '', kind: 'ConfigMap' },
  { group: '', kind: 'Service' },
  { group: '', kind: 'ServiceAccount' },
  { group: 'apps', kind: 'Deployment' },
  { group: 'autoscaling', kind: 'HorizontalPodAutoscaler' },
  { group: 'external-secrets.io', kind: 'ExternalSecret' },
  { group: 'monitoring.coreos.com', kind: 'ServiceMonitor' },
  { group: 'networking.k8s.io', kind: 'NetworkPolicy' },
  { group: 'policy', kind: 'PodDisruptionBudget' },
];

/**
 * The AppProject of one environment and pool: which clusters and namespaces its apps may touch, and with what.
 *
 * @param apps All apps of the pool in the environment.
 */
export function renderProject(environment: string, pool: string, apps: readonly App[]): Manifest {
  for (const manifest of apps.flatMap((app) => app.manifests)) refuseUnlisted(manifest);
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
      clusterResourceWhitelist: clusterKinds.map(({ group, kind }) => ({ group, kind })),
      namespaceResourceWhitelist: namespacedKinds.map(({ group, kind }) => ({ group, kind })),
      orphanedResources: { warn: true },
    },
  };
}

function refuseUnlisted(manifest: Manifest): void {
  const { apiVersion, kind, metadata } = manifest;
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
  const kinds = metadata.namespace === undefined ? clusterKinds : namespacedKinds;
  if (kinds.some((listed) => listed.group === group && listed.kind === kind)) return;
  throw new RenderError(
    `${identityOf(manifest)}: no AppProject allows this kind: add it to generators/argocd/projects.ts, if it is to be`,
  );
}
