import { describe, expect, it } from 'vitest';
import { only, renderPool } from '../testing/rendered.ts';
import { renderDigitalOceanPool } from './cluster.ts';

const { pool, objects } = renderPool('production', 'market');
const cluster = only(objects, 'Cluster', /^production-defimon-market$/);
const database = only(objects, 'Cluster', /postgresql/);

describe(renderDigitalOceanPool.name, () => {
  it("rents the brief's droplets, under its tags", () => {
    expect(cluster.spec.forProvider).toMatchObject({ region: 'nyc1', tags: ['production', 'orderbook'] });
    const [group] = pool.nodeGroups;
    expect(cluster.spec.forProvider.nodePool).toMatchObject([
      { name: group?.id, size: 's-2vcpu-4gb', minNodes: group?.min, maxNodes: group?.max },
    ]);
  });

  it("rents the brief's database, in the private network of the cluster", () => {
    const [store] = pool.stores;
    expect(database.spec.forProvider).toMatchObject({
      engine: 'pg',
      version: store?.version,
      size: 'db-s-4vcpu-8gb',
      nodeCount: store?.replicas,
      storageSizeMib: String((store?.storageGB ?? 0) * 1024),
      region: 'nyc1',
      privateNetworkUuidRef: cluster.spec.forProvider.vpcUuidRef,
    });
  });

  it('lets the addresses of its environment alone to the API server', () => {
    expect(cluster.spec.forProvider.controlPlaneFirewall).toEqual([
      { enabled: true, allowedAddresses: ['203.0.113.30/32'] },
    ]);
  });

  it('keeps backups in a private bucket where Spaces are, with every version', () => {
    expect(only(objects, 'Bucket').spec.forProvider).toMatchObject({
      region: 'nyc3',
      acl: 'private',
      versioning: [{ enabled: true }],
    });
  });
});
