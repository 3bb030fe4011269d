import { describe, expect, it } from 'vitest';
import { isMapping, valueAt } from '../policy/walk.ts';
import { createStrictValidator, whyUnavailable } from '../testing/strict-schemas.ts';
import { type Open, ofKind, renderPool, sizedInputs } from './testing/rendered.ts';
import { poolUnits } from './units.ts';

const environments = ['dev', 'staging', 'production'];
const pools = ['analytics', 'infrastructure', 'market', 'social'];
const unavailable = whyUnavailable();

describe(poolUnits.name, () => {
  it('describes the machines of each pool in a namespace of its own, and nothing of one without a provider', () => {
    const units = poolUnits(sizedInputs('production'));
    expect(units.map(({ name, place }) => [name, place.cluster, place.namespace])).toEqual([
      ['providers', 'management', 'crossplane-system'],
      ['pool-analytics', 'management', 'pool-analytics'],
      ['pool-infrastructure', 'management', 'pool-infrastructure'],
      ['pool-market', 'management', 'pool-market'],
      ['pool-social', 'management', 'pool-social'],
    ]);
  });

  it('renders nothing from a lock that is older than clusters and what makes them', () => {
    const inputs = sizedInputs('production');
    expect(poolUnits({ ...inputs, catalog: { ...inputs.catalog, components: [] } })).toEqual([]);
  });

  it.skipIf(unavailable !== undefined)('gives objects that fit their strict schemas', () => {
    const validate = createStrictValidator();
    const objects = environments.flatMap((name) => poolUnits(sizedInputs(name)).flatMap((unit) => unit.render()));
    expect(objects.length).toBeGreaterThan(500);
    const errors = objects.flatMap((object) => validate(object).map((error) => `${object.metadata.name}: ${error}`));
    expect(errors).toEqual([]);
  });

  it.each(pools)('leads every reference of %s to an object of the same pool', (id) => {
    for (const environment of environments) {
      const { objects } = renderPool(environment, id);
      const found = objects.flatMap((object) => referencesOf(object).map((reference) => ({ object, ...reference })));
      expect(found.length).toBeGreaterThan(3);
      const lost = found.filter(
        ({ object, kind, name }) => !objects.some((one) => isReferred(one, object, kind, name)),
      );
      expect(lost.map(({ object, key, name }) => `${object.kind} ${object.metadata.name} ${key} ${name}`)).toEqual([]);
    }
  });

  it.each(pools)('lets neither Argo CD nor Crossplane delete what %s rents', (id) => {
    for (const { kind, metadata, spec } of renderPool('production', id).objects) {
      if (kind === 'ExternalSecret' || kind === 'ProviderConfig') continue;
      expect(metadata.annotations?.['argocd.argoproj.io/sync-options'], metadata.name).toBe('Prune=false,Delete=false');
      if (spec.forProvider === undefined) continue;
      expect(spec.managementPolicies, metadata.name).toEqual(['Observe', 'Create', 'Update']);
      expect(spec.deletionPolicy ?? 'Orphan', metadata.name).toBe('Orphan');
    }
  });

  it.each(pools)('reads every key and password of %s from the secret store', (id) => {
    const { objects } = renderPool('production', id);
    const made = new Set(ofKind(objects, 'ExternalSecret').map(({ spec }) => spec.target.name));
    expect(ofKind(objects, 'Secret')).toEqual([]);
    const used = objects.flatMap((object) => secretsUsedBy(object));
    expect(used.length).toBeGreaterThan(0);
    for (const name of used) expect(made).toContain(name);
  });

  it('gives things that belong to no namespace names of their environment', () => {
    const names = environments.map((name) =>
      ['infrastructure', 'social']
        .flatMap((id) => renderPool(name, id).objects)
        .filter(({ metadata }) => metadata.namespace === undefined)
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`),
    );
    const all = names.flat();
    expect(new Set(all).size).toBe(all.length);
  });

  it('is rendered in steps that need each other: access, networks, clusters, nodes', () => {
    const { objects } = renderPool('production', 'infrastructure');
    const waveOf = (kind: string) =>
      Number(ofKind(objects, kind)[0]?.metadata.annotations?.['argocd.argoproj.io/sync-wave']);
    const waves = ['ExternalSecret', 'ProviderConfig', 'Network', 'Cluster', 'NodePool'].map(waveOf);
    expect(waves).toEqual(waves.toSorted((a, b) => a - b));
    expect(new Set(waves).size).toBe(waves.length);
  });
});

interface Reference {
  readonly key: string;
  readonly kind: string;
  readonly name: string;
}

/** What each kind of reference leads to. A key that stands in no row fails. */
const kindOfReference: Readonly<Record<string, string>> = {
  allocationIdRef: 'EIP',
  bucketRef: 'Bucket',
  clusterIdRef: 'Cluster',
  clusterNameRef: 'Cluster',
  clusterRef: 'Cluster',
  dbSubnetGroupNameRef: 'SubnetGroup',
  emailRef: 'ServiceAccount',
  gatewayIdRef: 'InternetGateway',
  natGatewayIdRef: 'NATGateway',
  networkRef: 'Network',
  parameterGroupNameRef: 'ParameterGroup',
  peerVpcIdRef: 'VPC',
  privateNetworkUuidRef: 'VPC',
  providerConfigRef: 'ProviderConfig',
  routeTableIdRef: 'RouteTable',
  routerRef: 'Router',
  securityGroupIdRef: 'SecurityGroup',
  serviceAccountRef: 'ServiceAccount',
  sourceDbInstanceArnRef: 'Instance',
  subnetIdRef: 'Subnet',
  subnetIdRefs: 'Subnet',
  subnetworkRef: 'Subnetwork',
  targetBucketRef: 'Bucket',
  vpcIdRef: 'VPC',
  vpcPeeringConnectionIdRef: 'VPCPeeringConnection',
  vpcSecurityGroupIdRefs: 'SecurityGroup',
  vpcUuidRef: 'VPC',
};

/** References to Secrets and to what other apps bring, which have tests of their own. */
const elsewhere =
  /^(remoteRef|secretRef|secretStoreRef|hetznerSecretRef|passwordSecretRef|writeConnectionSecretToRef)$/;

function referencesOf(value: unknown, key = ''): Reference[] {
  if (Array.isArray(value)) return value.flatMap((one) => referencesOf(one, key));
  if (!isMapping(value as never)) return [];
  const mapping = value as Record<string, unknown>;
  const own = /Refs?$|ToRef$/.test(key) && !elsewhere.test(key) ? [referenceOf(key, mapping)] : [];
  // Cluster API's name their cluster without saying that it is a reference.
  const cluster = typeof mapping.clusterName === 'string' ? [{ key, kind: 'Cluster', name: mapping.clusterName }] : [];
  return [...own, ...cluster, ...Object.entries(mapping).flatMap(([each, one]) => referencesOf(one, each))];
}

function referenceOf(key: string, { kind, name }: Record<string, unknown>): Reference {
  const target = kind ?? kindOfReference[key];
  if (typeof target !== 'string' || typeof name !== 'string') throw new Error(`what does ${key} lead to?`);
  return { key, kind: target, name };
}

/** Kind, name, and for those of Crossplane the same provider. */
function isReferred(one: Open, from: Open, kind: string, name: string): boolean {
  const provider = ({ apiVersion }: Open) => /(gcp|aws|digitalocean\.m)\.|cluster\.x-k8s/.exec(apiVersion)?.[0];
  return one.kind === kind && one.metadata.name === name && provider(one) === provider(from);
}

function secretsUsedBy(object: Open): string[] {
  const paths = [
    ['spec', 'credentials', 'secretRef', 'name'],
    ['spec', 'hetznerSecretRef', 'name'],
    ['spec', 'forProvider', 'passwordSecretRef', 'name'],
  ];
  return paths.flatMap((path) => {
    const name = valueAt(object, ...path);
    return typeof name === 'string' ? [name] : [];
  });
}
