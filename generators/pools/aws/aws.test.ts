import { describe, expect, it } from 'vitest';
import { type Open, ofKind, only, renderPool } from '../testing/rendered.ts';

const { pool, objects } = renderPool('production', 'social');
const inRegion = (region: string) => objects.filter(({ spec }) => spec.forProvider?.region === region);

describe('a pool on AWS', () => {
  it.each(pool.regions)('is whole in %s: network in two zones, cluster, nodes, database, data lake', (region) => {
    const here = inRegion(region);
    const count = (kind: string) => ofKind(here, kind).length;
    expect([count('VPC'), count('InternetGateway'), count('NATGateway'), count('Subnet')]).toEqual([1, 1, 1, 4]);
    expect(new Set(ofKind(here, 'Subnet').map(({ spec }) => spec.forProvider.availabilityZone)).size).toBe(2);
    expect(count('RouteTableAssociation')).toBe(4);
    expect(ofKind(here, 'Cluster').map(({ spec }) => spec.forProvider.version)).toEqual([pool.kubernetesVersion]);
    expect(ofKind(here, 'Instance')).toHaveLength(1);
    expect(ofKind(here, 'Bucket').some(({ metadata }) => metadata.name.endsWith('-data'))).toBe(true);
  });

  it('has nodes of the size in the catalog, in private parts of the network', () => {
    const [group] = pool.nodeGroups;
    for (const { spec } of ofKind(objects, 'NodeGroup')) {
      expect(spec.forProvider.instanceTypes).toEqual([group?.machine]);
      expect(spec.forProvider.scalingConfig).toEqual({ minSize: group?.min, maxSize: group?.max });
      expect(spec.initProvider.scalingConfig.desiredSize).toBe(group?.min);
      for (const { name } of spec.forProvider.subnetIdRefs) expect(name).toContain('-private-');
    }
    expect(ofKind(objects, 'NodeGroup')).toHaveLength(pool.regions.length * pool.nodeGroups.length);
  });

  it('enforces network policies in every cluster', () => {
    const agents = ofKind(objects, 'Addon').filter(({ spec }) => spec.forProvider.addonName === 'vpc-cni');
    expect(agents).toHaveLength(3);
    for (const { spec } of agents) {
      expect(JSON.parse(spec.forProvider.configurationValues)).toEqual({ enableNetworkPolicy: 'true' });
    }
  });

  it('writes to one database, in two zones, which can be brought back to any moment', () => {
    const primary = forProviderOf('Instance', 'eu-west-1');
    const store = pool.stores.find(({ kind }) => kind === 'relational');
    expect(primary).toMatchObject({
      instanceClass: store?.machine,
      allocatedStorage: store?.storageGB,
      engineVersion: store?.version,
      multiAz: true,
      storageEncrypted: true,
      deletionProtection: true,
      publiclyAccessible: false,
      backupRetentionPeriod: pool.backups?.dailyRetentionDays,
    });
    expect(primary.replicateSourceDb).toBeUndefined();
  });

  it('copies it to the other regions, and its backups to one of them', () => {
    const primary = only(inRegion('eu-west-1'), 'Instance').metadata.name;
    for (const region of pool.regions.slice(1)) {
      const replica = forProviderOf('Instance', region);
      expect(replica.replicateSourceDb).toBe(`arn:aws:rds:eu-west-1:333333333333:db:${primary}`);
      expect(replica.kmsKeyId).toContain(`:kms:${region}:`);
      expect(replica.username).toBeUndefined();
    }
    const copy = only(objects, 'DBInstanceAutomatedBackupsReplication').spec.forProvider;
    expect([copy.region, copy.sourceDbInstanceArnRef.name]).toEqual(['eu-central-1', primary]);
  });

  it('joins the regions to the first, and lets their pods alone to the database', () => {
    expect(ofKind(objects, 'VPCPeeringConnection').map(({ spec }) => spec.forProvider.region)).toEqual([
      'eu-central-1',
      'us-east-1',
    ]);
    const sources = ofKind(inRegion('eu-west-1'), 'SecurityGroupIngressRule').map(
      ({ spec }) => spec.forProvider.cidrIpv4,
    );
    const networks = ofKind(objects, 'VPC').map(({ spec }) => spec.forProvider.cidrBlock);
    expect(sources).toEqual(networks);
  });

  it('closes every bucket to the public, encrypts it, and keeps every version of what is not a log', () => {
    const of = (kind: string) => new Set(ofKind(objects, kind).map(({ metadata }) => metadata.name));
    const buckets = of('Bucket');
    expect(of('BucketPublicAccessBlock')).toEqual(buckets);
    expect(of('BucketServerSideEncryptionConfiguration')).toEqual(buckets);
    expect(of('BucketOwnershipControls')).toEqual(buckets);
    expect(of('BucketPolicy')).toEqual(buckets);
    expect(of('BucketLifecycleConfiguration')).toEqual(buckets);
    expect(of('BucketVersioning')).toEqual(new Set([...buckets].filter((name) => !name.endsWith('-logs'))));
  });

  it('copies the data lake to the other regions, and lets our own pages read it', () => {
    const { rule } = forProviderOf('BucketReplicationConfiguration', 'eu-west-1');
    expect(
      rule.map(({ destination }: { destination: { bucketRef: { name: string } } }) => destination.bucketRef.name),
    ).toEqual(['defimon-social-eu-central-1-production-data', 'defimon-social-us-east-1-production-data']);
    for (const { spec } of ofKind(objects, 'BucketCorsConfiguration')) {
      const [{ allowedOrigins, allowedMethods }] = spec.forProvider.corsRule;
      expect(allowedOrigins).toContain('https://api.social-analytics.com');
      for (const origin of allowedOrigins) expect(origin).toMatch(/^https:\/\/[a-z.-]+$/);
      expect(allowedMethods).toEqual(['GET', 'HEAD']);
    }
  });

  it('takes every role and key from outside, in the account of its environment', () => {
    const arns = JSON.stringify(objects).match(/arn:aws:(iam|kms|rds)::?[^"\\]*/g) ?? [];
    expect(arns.length).toBeGreaterThan(20);
    for (const arn of arns) expect(arn).toContain(':333333333333:');
  });
});

function forProviderOf(kind: string, region: string): Open['spec'] {
  return only(inRegion(region), kind).spec.forProvider;
}
