import { destinationOf, platformProjectOf } from '../conventions.ts';
import type { Manifest } from '../emit/manifest.ts';
import type { Install } from '../platform/installs.ts';
import { argocdMetadata, retryForEver } from './argocd-metadata.ts';
import { subscriptionsOf } from './notifications.ts';

/** What the others cannot start without comes first: the network, addresses and disks of the nodes, certificates, secrets. */
const first = ['cert-manager', 'cilium', 'external-secrets', 'hcloud-cloud-controller-manager', 'hcloud-csi'];

/** The Application of one chart on one cluster: operators bring the kinds that the apps of a pool are made of. */
export function renderChartApplication(install: Install): Manifest {
  const { environment, pool, cluster, component, values, sources } = install;
  const metadata = argocdMetadata(
    `${destinationOf(environment, cluster)}-${component.id}`,
    sources,
    first.includes(component.id) ? -4 : -3,
  );
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      ...metadata,
      labels: {
        ...metadata.labels,
        'defimon.highfunk.uk/cluster': cluster,
        'defimon.highfunk.uk/environment': environment,
        'defimon.highfunk.uk/pool': pool,
        'defimon.highfunk.uk/tier': 'platform',
      },
      // No finalizer: an Application that goes leaves the operator running, and what it looks after with it.
      annotations: {
        ...metadata.annotations,
        'argocd.argoproj.io/compare-options': 'ServerSideDiff=true',
        ...subscriptionsOf(component.owner),
      },
    },
    spec: {
      project: platformProjectOf(environment, pool),
      source: {
        repoURL: chartRepositoryOf(component.repo),
        chart: component.chart,
        targetRevision: component.version,
        helm: { releaseName: component.id, valuesObject: values },
      },
      destination: { name: destinationOf(environment, cluster), namespace: component.namespace },
      syncPolicy: {
        automated: { prune: true, selfHeal: true },
        retry: retryForEver,
        // Definitions of custom resources are larger than what a client-side apply may note down.
        syncOptions: [
          'ServerSideApply=true',
          'ApplyOutOfSyncOnly=true',
          'FailOnSharedResource=true',
          'CreateNamespace=false',
        ],
      },
    },
  };
}

/** Argo CD writes the address of a registry without `oci://`. */
export function chartRepositoryOf(repo: string): string {
  return repo.startsWith('oci://') ? repo.slice('oci://'.length) : repo;
}
