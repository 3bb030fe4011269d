import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../emit/yaml.ts';
import { computePlan } from './compute.ts';
import { findDangers, findLoweredTiers } from './danger.ts';
import { deploymentFile, lockFile, type ObjectOptions, objectFile, treeOf } from './testing/trees.ts';

describe(findDangers.name, () => {
  it.each([
    ['Namespace', 'v1'],
    ['StatefulSet', 'apps/v1'],
    ['PersistentVolumeClaim', 'v1'],
    ['CustomResourceDefinition', 'apiextensions.k8s.io/v1'],
    ['Cluster', 'postgresql.cnpg.io/v1'],
    ['ClickHouseInstallation', 'clickhouse.altinity.com/v1'],
    ['ClickHouseKeeperInstallation', 'clickhouse-keeper.altinity.com/v1'],
    ['Kafka', 'kafka.strimzi.io/v1beta2'],
    ['KafkaNodePool', 'kafka.strimzi.io/v1beta2'],
    ['KafkaTopic', 'kafka.strimzi.io/v1beta2'],
    ['RedisReplication', 'redis.redis.opstreelabs.in/v1beta2'],
    ['Tenant', 'minio.min.io/v2'],
    ['MongoDBCommunity', 'mongodbcommunity.mongodb.com/v1'],
    ['Elasticsearch', 'elasticsearch.k8s.elastic.co/v1'],
    ['Cluster', 'cluster.x-k8s.io/v1beta1'],
    ['HetznerCluster', 'infrastructure.cluster.x-k8s.io/v1beta1'],
    ['Droplet', 'droplet.digitalocean.crossplane.io/v1alpha1'],
    ['Instance', 'compute.gcp.upbound.io/v1beta1'],
    ['ApplicationSet', 'argoproj.io/v1alpha1'],
  ])('warns when a %s of %s is removed', (kind, apiVersion) => {
    expect(dangersOf(kind, {}, undefined, { apiVersion })).toMatchObject([{ code: 'DAN001', severity: 'critical' }]);
  });

  it.each(['Service', 'ConfigMap', 'ServiceAccount'])(
    'does not warn of a %s, which the next sync brings back',
    (kind) => {
      expect(dangersOf(kind, {}, undefined)).toEqual([]);
    },
  );

  it('says that what an Application without a finalizer applied stays', () => {
    expect(dangersOf('Application', {}, undefined, { apiVersion: 'argoproj.io/v1alpha1' })).toMatchObject([
      {
        code: 'DAN001',
        severity: 'major',
        message: expect.stringContaining('stays in the cluster, unmanaged'),
        advice: expect.stringContaining('by hand'),
      },
    ]);
  });

  it('says what Argo CD does with what is not to be pruned', () => {
    const removal = (option: string) =>
      dangersOf('StatefulSet', {}, undefined, {
        apiVersion: 'apps/v1',
        annotations: { 'argocd.argoproj.io/sync-options': option },
      })[0];
    expect(removal('Prune=false')).toMatchObject({
      severity: 'major',
      advice: expect.stringContaining('Argo CD leaves it'),
    });
    expect(removal('Prune=confirm,Delete=confirm')?.advice).toContain('waits until the removal is confirmed');
  });

  it.each<[kind: string, apiVersion: string, before: JsonObject, after: JsonObject, field: string]>([
    [
      'Deployment',
      'apps/v1',
      { spec: { selector: { a: 'x' } } },
      { spec: { selector: { a: 'y' } } },
      'spec.selector.a',
    ],
    ['StatefulSet', 'apps/v1', { spec: { serviceName: 'a' } }, { spec: { serviceName: 'b' } }, 'spec.serviceName'],
    [
      'StatefulSet',
      'apps/v1',
      { spec: { volumeClaimTemplates: [{ spec: { storageClassName: 'a' } }] } },
      { spec: { volumeClaimTemplates: [{ spec: { storageClassName: 'b' } }] } },
      'spec.volumeClaimTemplates[0].spec.storageClassName',
    ],
    [
      'PersistentVolumeClaim',
      'v1',
      { spec: { storageClassName: 'a' } },
      { spec: { storageClassName: 'b' } },
      'spec.storageClassName',
    ],
    ['Service', 'v1', { spec: {} }, { spec: { clusterIP: 'None' } }, 'spec.clusterIP'],
    ['Job', 'batch/v1', { spec: { template: { a: 1 } } }, { spec: { template: { a: 2 } } }, 'spec.template.a'],
    [
      'StorageClass',
      'storage.k8s.io/v1',
      { parameters: { type: 'a' } },
      { parameters: { type: 'b' } },
      'parameters.type',
    ],
    [
      'RoleBinding',
      'rbac.authorization.k8s.io/v1',
      { roleRef: { name: 'a' } },
      { roleRef: { name: 'b' } },
      'roleRef.name',
    ],
    ['ConfigMap', 'v1', { immutable: true, data: { a: 'x' } }, { immutable: true, data: { a: 'y' } }, 'data.a'],
    [
      'HCloudMachineTemplate',
      'infrastructure.cluster.x-k8s.io/v1beta1',
      { spec: { template: { spec: { type: 'ccx33' } } } },
      { spec: { template: { spec: { type: 'ccx43' } } } },
      'spec.template.spec.type',
    ],
  ])('warns when %s of %s changes what may not change', (kind, apiVersion, before, after, field) => {
    const dangers = dangersOf(kind, before, after, { apiVersion });
    expect(dangers.map((danger) => [danger.code, danger.field])).toEqual([['DAN002', field]]);
  });

  it('lets grow and change what may', () => {
    const claim = (storage: string) => ({ spec: { storageClassName: 'a', resources: { requests: { storage } } } });
    expect(dangersOf('PersistentVolumeClaim', claim('10Gi'), claim('20Gi'))).toEqual([]);
    expect(
      dangersOf(
        'StatefulSet',
        { spec: { template: { a: 1 } } },
        { spec: { template: { a: 2 } } },
        { apiVersion: 'apps/v1' },
      ),
    ).toEqual([]);
    const hook = { apiVersion: 'batch/v1', annotations: { 'argocd.argoproj.io/hook': 'PreSync' } };
    expect(dangersOf('Job', { spec: { template: { a: 1 } } }, { spec: { template: { a: 2 } } }, hook)).toEqual([]);
  });

  it('warns when storage shrinks, in whatever unit', () => {
    const claim = (storage: string) => ({ spec: { resources: { requests: { storage } } } });
    expect(dangersOf('PersistentVolumeClaim', claim('1Ti'), claim('1000Gi'))).toMatchObject([
      { code: 'DAN003', severity: 'critical' },
    ]);
    const store = (size: string) => ({ spec: { storage: { size } } });
    expect(dangersOf('Cluster', store('20Gi'), store('10Gi'), { apiVersion: 'postgresql.cnpg.io/v1' })).toMatchObject([
      { code: 'DAN003', message: 'spec.storage.size shrinks from 20Gi to 10Gi' },
    ]);
  });

  it('warns of fewer replicas, and more loudly of a store or of none', () => {
    const deployment = (replicas: number) => treeOf(deploymentFile('api', { replicas }));
    expect(computePlan(deployment(3), deployment(2)).dangers).toMatchObject([{ code: 'DAN004', severity: 'minor' }]);
    expect(computePlan(deployment(3), deployment(0)).dangers).toMatchObject([{ code: 'DAN004', severity: 'major' }]);
    expect(computePlan(deployment(2), deployment(3)).dangers).toEqual([]);
    const store = (replicas: number) => ({ spec: { replicas } });
    expect(dangersOf('KafkaNodePool', store(3), store(1), { apiVersion: 'kafka.strimzi.io/v1beta2' })).toMatchObject([
      { code: 'DAN004', severity: 'major' },
    ]);
  });

  it('warns of fewer partitions, which Kafka refuses', () => {
    const topic = (partitions: number) => ({ spec: { partitions } });
    expect(dangersOf('KafkaTopic', topic(12), topic(6), { apiVersion: 'kafka.strimzi.io/v1beta2' })).toMatchObject([
      { code: 'DAN005', message: 'spec.partitions drops from 12 to 6' },
    ]);
  });

  it('warns when a store goes to another app, whose old one may delete it', () => {
    const [before, after] = ['a', 'b'].map((app) =>
      treeOf(
        objectFile(
          'Kafka',
          'kafka',
          {},
          { apiVersion: 'kafka.strimzi.io/v1beta2', folder: `environments/dev/main/${app}` },
        ),
      ),
    );
    expect(computePlan(before ?? treeOf(), after ?? treeOf()).dangers).toMatchObject([{ code: 'DAN007' }]);
  });

  it('warns of another major version of a chart, and not of a minor one', () => {
    const chart = (targetRevision: string) => ({ spec: { source: { chart: 'loki', targetRevision } } });
    const argo = { apiVersion: 'argoproj.io/v1alpha1', namespace: 'argocd', folder: 'argocd/applications/staging' };
    expect(dangersOf('Application', chart('6.49.0'), chart('7.0.0'), argo)).toMatchObject([{ code: 'DAN008' }]);
    expect(dangersOf('Application', chart('6.49.0'), chart('6.50.0'), argo)).toEqual([]);
  });
});

describe('a shard that goes', () => {
  it('names the entries that are no longer there as its cause', () => {
    const services = [{ id: 'collector', shards: { of: 'pairs', size: 1 } }];
    const pairs = [{ symbol: 'AUSDT' }, { symbol: 'BUSDT' }];
    const shard = (name: string) =>
      objectFile('StatefulSet', name, {}, { apiVersion: 'apps/v1', sources: ['service/collector'] });
    const before = treeOf(lockFile('staging', { services, pairs }), shard('collector-0'), shard('collector-1'));
    const after = treeOf(lockFile('staging', { services, pairs: pairs.slice(1) }), shard('collector-0'));
    expect(computePlan(before, after).dangers).toMatchObject([{ code: 'DAN001', causes: [{ id: 'pair/AUSDT' }] }]);
  });
});

describe(findLoweredTiers.name, () => {
  it('warns of a network that matters less, at its entry', () => {
    const tree = (priority: number) => treeOf(lockFile('staging', { networks: [{ id: 'base', priority, phase: 1 }] }));
    const places = new Map([['network/base', { file: 'catalog/networks/base.yaml', line: 2 }]]);
    expect(computePlan(tree(9), tree(6), { places }).dangers).toMatchObject([
      {
        code: 'DAN006',
        identity: 'network/base',
        message: 'its tier goes from critical to standard',
        causes: [{ file: 'catalog/networks/base.yaml', line: 2 }],
      },
    ]);
    expect(computePlan(tree(6), tree(9)).dangers).toEqual([]);
    expect(computePlan(tree(9), tree(8)).dangers).toEqual([]);
  });
});

function dangersOf(kind: string, before: JsonObject, after: JsonObject | undefined, options: ObjectOptions = {}) {
  const tree = (rest: JsonObject | undefined) =>
    treeOf(...(rest === undefined ? [] : [objectFile(kind, 'x', rest, options)]));
  return computePlan(tree(before), tree(after)).dangers;
}
