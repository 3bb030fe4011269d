import { repositoryUrl, revision } from '../conventions.ts';
import type { Manifest } from '../emit/manifest.ts';
import { argocdMetadata, argocdNamespace, retryForEver } from './argocd-metadata.ts';

/**
 * What a person applies by hand to a new Argo CD, once: the root Application, and the project that keeps it to Argo
 * CD's own objects. It looks after `argocd/`, this file included, so that later changes of it come by merge request.
 */
export function renderBootstrap(): Manifest[] {
  const metadata = argocdMetadata('root', [], -10);
  const destination = { server: 'https://kubernetes.default.svc', namespace: argocdNamespace };
  return [
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AppProject',
      metadata,
      spec: {
        description: 'Argo CD itself: its projects and what finds the apps',
        sourceRepos: [repositoryUrl],
        destinations: [destination],
        clusterResourceWhitelist: [],
        namespaceResourceWhitelist: [
          ...['AppProject', 'Application', 'ApplicationSet'].map((kind) => ({ group: 'argoproj.io', kind })),
          // Of the notifications.
          { group: '', kind: 'ConfigMap' },
        ],
      },
    },
    {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Application',
      metadata,
      spec: {
        project: 'root',
        source: { repoURL: repositoryUrl, targetRevision: revision, path: 'argocd', directory: { recurse: true } },
        destination,
        syncPolicy: {
          automated: { prune: true, selfHeal: true },
          retry: retryForEver,
          syncOptions: ['ServerSideApply=true', 'PruneLast=true', 'FailOnSharedResource=true'],
        },
      },
    },
  ];
}
