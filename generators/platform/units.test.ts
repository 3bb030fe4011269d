import { describe, expect, it } from 'vitest';
import { withEnvironment } from '../../catalog/environment.ts';
import type { Manifest } from '../emit/manifest.ts';
import { inputsOf } from '../testing/project.ts';
import { createStrictValidator, whyUnavailable } from '../testing/strict-schemas.ts';
import { platformUnits } from './units.ts';

const unavailable = whyUnavailable();
const environments = { dev: inputsOf('dev'), staging: inputsOf('staging'), production: inputsOf('production') };

describe(platformUnits.name, () => {
  it.skipIf(unavailable !== undefined)(`gives every cluster objects that fit (${unavailable ?? 'strict'})`, () => {
    const validate = createStrictValidator();
    for (const environment of ['dev', 'production'] as const) {
      const errors = unitsOf(environment).flatMap((unit) => unit.render().flatMap((manifest) => validate(manifest)));
      expect(errors).toEqual([]);
    }
  });

  it('keeps every disk when its claim goes, on disks of the provider', () => {
    const classes = [...objectsByCluster('staging')].map(([cluster, objects]): [string, Manifest | undefined] => [
      cluster,
      objects.find(({ kind }) => kind === 'StorageClass'),
    ]);
    expect(Object.fromEntries(classes)).toMatchObject({
      'defimon-analytics': { provisioner: 'csi.hetzner.cloud', reclaimPolicy: 'Retain' },
      'defimon-infrastructure': { provisioner: 'pd.csi.storage.gke.io', reclaimPolicy: 'Retain' },
      'defimon-market': { provisioner: 'dobs.csi.digitalocean.com', reclaimPolicy: 'Retain' },
      'defimon-social-us-east-1': { provisioner: 'ebs.csi.aws.com', reclaimPolicy: 'Retain' },
    });
  });

  it('renders no disks for a pool without a provider, and all the rest', () => {
    const kinds =
      objectsByCluster('staging')
        .get('defimon-ml')
        ?.map(({ kind }) => kind) ?? [];
    expect(kinds).not.toContain('StorageClass');
    expect(kinds).toEqual(expect.arrayContaining(['ClusterSecretStore', 'ClusterIssuer', 'PriorityClass']));
  });

  it('lets each cluster log in as itself, and read its own secrets alone', () => {
    const paths = [...objectsByCluster('production').values()].flatMap((objects) =>
      objects.filter(({ kind }) => kind === 'ClusterSecretStore').map(({ spec }) => JSON.stringify(spec)),
    );
    expect(new Set(paths).size).toBe(paths.length);
    expect(paths.find((spec) => spec.includes('defimon/production/defimon-market'))).toContain(
      '"mountPath":"kubernetes/production/defimon-market"',
    );
  });

  it('rehearses certificates in dev, and asks for real ones elsewhere', () => {
    const serverIn = (environment: keyof typeof environments) =>
      objectsByCluster(environment)
        .get('defimon-analytics')
        ?.filter(({ kind, metadata }) => kind === 'ClusterIssuer' && metadata.name === 'letsencrypt')
        .map(({ spec }) => JSON.stringify(spec));
    expect(serverIn('dev')?.join()).toContain('acme-staging-v02');
    expect(serverIn('production')?.join()).toContain('https://acme-v02.api.letsencrypt.org/directory');
  });

  it('says what to add when the environment has no secret store', () => {
    const { secretStore: _, ...environment } = environments.staging.environment;
    const [first] = platformUnits({ ...environments.staging, environment });
    expect(() => first?.render()).toThrow('environments/staging/environment.yaml: pods read their secrets from Vault');
  });
});

function unitsOf(name: keyof typeof environments) {
  const inputs = environments[name];
  return platformUnits({ ...inputs, catalog: withEnvironment(inputs.catalog, inputs.environment) });
}

function objectsByCluster(name: keyof typeof environments): Map<string, Manifest[]> {
  return new Map(unitsOf(name).map((unit) => [unit.place.cluster, unit.render()]));
}
