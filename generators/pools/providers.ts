import { keptForEver, metadataOf, type Place } from '../app.ts';
import { managementCluster } from '../conventions.ts';
import { type Unit, unit } from '../unit.ts';

/** Crossplane's packages, by the provider whose pools need them. Those of one family have one version. */
const packages = {
  gcp: {
    repository: 'xpkg.crossplane.io/crossplane-contrib',
    names: [
      'provider-family-gcp',
      'provider-gcp-cloudplatform',
      'provider-gcp-compute',
      'provider-gcp-container',
      'provider-gcp-storage',
    ],
    version: 'v2.5.0',
  },
  aws: {
    repository: 'xpkg.crossplane.io/crossplane-contrib',
    names: ['provider-family-aws', 'provider-aws-ec2', 'provider-aws-eks', 'provider-aws-rds', 'provider-aws-s3'],
    version: 'v2.5.0',
  },
  digitalocean: {
    repository: 'xpkg.upbound.io/crossplane-contrib',
    names: ['provider-upjet-digitalocean'],
    version: 'v0.3.0',
  },
} as const;

/** What Crossplane needs to know a provider's kinds; Cluster API's providers come with its own operator. */
export function providersUnit(environment: string, providers: readonly string[]): Unit {
  return unit({
    place: { environment, pool: managementCluster, cluster: managementCluster, namespace: 'crossplane-system' },
    name: 'providers',
    tier: 'platform',
    owner: 'platform',
    inputs: { providers: (Object.keys(packages) as (keyof typeof packages)[]).filter((id) => providers.includes(id)) },
    render: (_: Place, inputs) => inputs.providers.flatMap((id) => packagesOf(packages[id])),
  });
}

function packagesOf({ repository, names, version }: (typeof packages)[keyof typeof packages]): object[] {
  return names.map((name) => ({
    apiVersion: 'pkg.crossplane.io/v1',
    kind: 'Provider',
    // Without its provider nothing that is rented is watched any more, and its kinds would go with all objects of theirs.
    metadata: metadataOf({ name, wave: 'config', sources: ['component/crossplane'], syncOptions: keptForEver }),
    spec: {
      package: `${repository}/${name}:${version}`,
      packagePullPolicy: 'IfNotPresent',
      revisionActivationPolicy: 'Automatic',
      revisionHistoryLimit: 1,
      // The family comes from this list too: resolved by itself, it would be of another version.
      skipDependencyResolution: true,
    },
  }));
}
