import { destinationOf, projectOf, repositoryUrl, revision } from '../conventions.ts';
import type { Manifest } from '../emit/manifest.ts';
import { appFileName } from './app-file.ts';
import { argocdMetadata, retryForEver } from './argocd-metadata.ts';
import { subscriptionsOf } from './notifications.ts';

/**
 * The ApplicationSet of one environment and pool: each `app.json` under its clusters becomes an Application.
 *
 * One for each pool and not for each environment, because so the project is no template: a file of one pool can never
 * name the project of another, and Argo CD goes on checking signatures, which it cannot for a project it must read first.
 */
export function renderApplicationSet(environment: string, pool: string, clusters: readonly string[]): Manifest {
  const isProduction = environment === 'production';
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'ApplicationSet',
    metadata: argocdMetadata(projectOf(environment, pool), [`pool/${pool}`], 0),
    spec: {
      goTemplate: true,
      goTemplateOptions: ['missingkey=error'],
      generators: [
        {
          git: {
            repoURL: repositoryUrl,
            revision,
            // Without a prefix the generator's own `path` would hide the one of the file.
            pathParamPrefix: 'git',
            files: [...clusters]
              .sort()
              .map((cluster) => ({ path: `environments/${environment}/${cluster}/*/${appFileName}` })),
          },
        },
      ],
      // In production no app goes because a file did: a person deletes it, and its objects after that.
      syncPolicy: isProduction
        ? { applicationsSync: 'create-update', preserveResourcesOnDeletion: true }
        : { applicationsSync: 'sync' },
      template: {
        metadata: {
          name: `${environment}-{{ .cluster }}-{{ .name }}`,
          labels: {
            'app.kubernetes.io/part-of': 'defimon',
            'defimon.highfunk.uk/cluster': '{{ .cluster }}',
            'defimon.highfunk.uk/environment': environment,
            'defimon.highfunk.uk/pool': pool,
            'defimon.highfunk.uk/tier': '{{ .tier }}',
          },
          annotations: {
            // The server fills defaults in; only it can say what truly differs.
            'argocd.argoproj.io/compare-options': 'ServerSideDiff=true',
            // A commit elsewhere in the repository renders nothing here.
            'argocd.argoproj.io/manifest-generate-paths': '.',
            ...subscriptionsOf('{{ .owner }}'),
          },
        },
        spec: {
          project: projectOf(environment, pool),
          source: {
            repoURL: repositoryUrl,
            targetRevision: revision,
            path: '{{ .path }}',
            // Without it Argo CD would take app.json for an object of the cluster.
            directory: { include: '*.yaml' },
          },
          destination: { name: destinationOf(environment, '{{ .cluster }}'), namespace: '{{ .namespace }}' },
          syncPolicy: {
            automated: { prune: true, selfHeal: true },
            retry: retryForEver,
            syncOptions: [
              'ServerSideApply=true',
              'ApplyOutOfSyncOnly=true',
              'PruneLast=true',
              'FailOnSharedResource=true',
              'CreateNamespace=false',
            ],
          },
        },
      },
    },
  };
}
