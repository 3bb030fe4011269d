import { describe, expect, it } from 'vitest';
import { groupOf } from '../../catalog/consumer-group.ts';
import { inputsOf } from '../testing/project.ts';
import { allOf, at, ofKind, sized, withStores } from './testing/rendered-stores.ts';
import { storeUnits } from './units.ts';

const staging = sized(inputsOf('staging'));

describe('PostgreSQL', () => {
  it('archives its log to the bucket of its cluster, and can be brought back for as long as the pool says', () => {
    const [cluster] = ofKind(staging, 'Cluster');
    expect(at(cluster?.spec, 'plugins')).toEqual([
      { name: 'barman-cloud.cloudnative-pg.io', isWALArchiver: true, parameters: { barmanObjectName: 'postgresql' } },
    ]);
    const [store] = ofKind(staging, 'ObjectStore');
    expect(store?.spec).toMatchObject({
      retentionPolicy: '14d',
      configuration: {
        destinationPath: 's3://defimon-analytics-staging-backups/postgresql',
        endpointURL: 'https://nbg1.your-objectstorage.com',
      },
    });
  });

  it('is rendered without backups while its pool has no provider', () => {
    const ml = allOf(staging, 'ml').map(({ kind }) => kind);
    expect(ml).toContain('Cluster');
    expect(ml).not.toContain('ScheduledBackup');
  });
});

describe('ClickHouse', () => {
  it('has a keeper that can outvote one of its members wherever it has replicas', () => {
    const keepersOf = (replicas: number) =>
      ofKind(withStores(staging, { replicas }), 'ClickHouseKeeperInstallation').map(({ spec }) =>
        at(spec, 'configuration', 'clusters', '0', 'layout', 'replicasCount'),
      );
    expect([keepersOf(1), keepersOf(2), keepersOf(3)]).toEqual([[1], [3], [3]]);
  });

  it('gives a pool that borrows it a user that reads the tables of its dataset, and no other', () => {
    const [installation] = ofKind(staging, 'ClickHouseInstallation');
    const users = at(installation?.spec, 'configuration', 'users');
    expect(at(users, 'market/grants/query')).toEqual([
      'GRANT SELECT ON default.market_*',
      'GRANT SELECT, CREATE TABLE ON default.defimon_migrations',
    ]);
    expect(at(users, 'market/password', 'valueFrom', 'secretKeyRef')).toEqual({
      name: 'clickhouse',
      key: 'market-password',
    });
    expect(JSON.stringify(ofKind(staging, 'NetworkPolicy'))).toContain('"kubernetes.io/metadata.name":"gateway"');
  });

  it('takes logins from its own pods alone, and bounds what a borrower may take and how often it may fail', () => {
    const [installation] = ofKind(staging, 'ClickHouseInstallation');
    const configuration = at(installation?.spec, 'configuration');
    const users = at(configuration, 'users');
    for (const user of ['defimon', 'grafana', 'market']) expect(at(users, `${user}/networks/ip`)).toBe('10.0.0.0/8');
    expect([at(users, 'market/profile'), at(users, 'market/quota')]).toEqual(['market', 'market']);
    const profiles = at(configuration, 'profiles');
    for (const setting of [
      'max_memory_usage',
      'max_memory_usage_for_user',
      'max_execution_time',
      'max_concurrent_queries_for_user',
    ]) {
      const value = at(profiles, `market/${setting}`);
      expect(value, setting).toBeGreaterThan(0);
      // 0 would be no limit.
      expect(at(profiles, `market/constraints/${setting}/min`)).toBe(1);
      expect(at(profiles, `market/constraints/${setting}/max`)).toBe(value);
    }
    expect(at(configuration, 'quotas')).toMatchObject({
      'market/keyed_by_forwarded_ip': 1,
      'market/interval/failed_sequential_authentications': 20,
    });
  });

  it('tells its bucket from its secrets, and names neither key in a statement', () => {
    const jobs = JSON.stringify(ofKind(staging, 'CronJob'));
    expect(jobs).toContain("TO S3(backups, 'daily/$at')");
    expect(jobs).toContain("TO S3(backups, 'weekly/$at')");
    expect(jobs).not.toContain('access');
  });
});

describe('ClickHouse backups', () => {
  it('are written by a user that may use the collection which names the bucket', () => {
    const [installation] = ofKind(staging, 'ClickHouseInstallation');
    const users = at(installation?.spec, 'configuration', 'users');
    expect(at(users, 'defimon/named_collection_control')).toBe(1);
    expect(at(users, 'grafana/named_collection_control')).toBeUndefined();
    const jobs = JSON.stringify(ofKind(staging, 'CronJob', 'analytics'));
    expect(jobs).toContain('{"name":"CLICKHOUSE_USER","value":"defimon"}');
  });
});

describe('Kafka', () => {
  it('has the topics of its pool, as the catalog states them', () => {
    const topics = ofKind(staging, 'KafkaTopic', 'analytics');
    const wanted = staging.catalog.topics.filter(({ pool }) => pool === 'analytics');
    expect(topics.map(({ metadata }) => metadata.name)).toEqual(wanted.map(({ id }) => id));
    expect(topics[0]?.spec).toEqual({
      partitions: 12,
      replicas: 1,
      config: {
        'cleanup.policy': 'delete',
        'min.insync.replicas': 1,
        'retention.ms': 172_800_000,
        'retention.bytes': 19_327_352_832,
        'segment.bytes': 1_073_741_824,
        'max.message.bytes': 8_388_608,
      },
    });
  });

  it('keeps a compacted topic for ever, and copies on two brokers of three', () => {
    const topic = ofKind(staging, 'KafkaTopic', 'social').find(
      ({ metadata }) => metadata.name === 'billing.subscriptions',
    );
    expect(topic?.spec).toMatchObject({
      replicas: 3,
      config: { 'cleanup.policy': 'compact', 'min.insync.replicas': 2 },
    });
    expect(at(topic?.spec, 'config', 'retention.ms')).toBeUndefined();
  });

  it('lets each service write what it produces and read what it consumes, and nothing else', () => {
    const { topics } = staging.catalog;
    for (const user of ofKind(staging, 'KafkaUser')) {
      const id = user.metadata.name;
      const acls = at(user.spec, 'authorization', 'acls');
      if (!Array.isArray(acls)) throw new Error(`${id} has no rights`);
      const may = (operation: string) =>
        acls.flatMap((acl) => {
          const operations = at(acl, 'operations');
          const isTopic = at(acl, 'resource', 'type') === 'topic';
          return isTopic && Array.isArray(operations) && operations.includes(operation)
            ? [at(acl, 'resource', 'name')]
            : [];
        });
      expect(new Set(may('Write'))).toEqual(
        new Set(topics.filter((one) => one.producers.includes(id)).map((one) => one.id)),
      );
      expect(new Set(may('Read'))).toEqual(
        new Set(topics.filter((one) => one.consumers.includes(id)).map((one) => one.id)),
      );
    }
    const users = new Set(ofKind(staging, 'KafkaUser').map(({ metadata }) => metadata.name));
    expect(users).toEqual(new Set(topics.flatMap(({ producers, consumers }) => [...producers, ...consumers])));
  });

  it('lets a service join groups that begin with its name, and no group of a service whose name begins alike', () => {
    for (const user of ofKind(staging, 'KafkaUser')) {
      const id = user.metadata.name;
      const acls = at(user.spec, 'authorization', 'acls');
      const ofGroups = (Array.isArray(acls) ? acls : []).filter((acl) => at(acl, 'resource', 'type') === 'group');
      const groups = ofGroups.filter((acl) => JSON.stringify(at(acl, 'operations')).includes('Read'));
      const consumed = staging.catalog.topics.filter(({ consumers }) => consumers.includes(id));
      expect(groups.length, id).toBe(consumed.length === 0 ? 0 : 1);
      for (const group of groups) {
        const prefix = String(at(group, 'resource', 'name'));
        for (const topic of consumed) expect(groupOf(id, topic.id).startsWith(prefix)).toBe(true);
        expect(groupOf(`${id}-2`, 'chain.blocks').startsWith(prefix)).toBe(false);
      }
      // Only what a follower made for itself may be taken away.
      const deletable = ofGroups
        .filter((acl) => !groups.includes(acl))
        .map((acl) => String(at(acl, 'resource', 'name')));
      for (const topic of consumed) {
        expect(deletable.some((prefix) => `${groupOf(id, topic.id)}.0b5e`.startsWith(prefix))).toBe(true);
        expect(deletable.some((prefix) => groupOf(id, topic.id).startsWith(prefix))).toBe(false);
      }
    }
  });

  it('listens for other pools at names of the gateway, one for each broker, and bounds who comes', () => {
    const [kafka] = ofKind(withStores(staging, { replicas: 3 }), 'Kafka', 'analytics');
    const listeners = at(kafka?.spec, 'kafka', 'listeners');
    if (!Array.isArray(listeners)) throw new Error('it has no listeners');
    const lent = listeners.find((listener) => at(listener, 'name') === 'lent');
    expect(lent).toMatchObject({
      type: 'cluster-ip',
      port: 9094,
      authentication: { type: 'scram-sha-512' },
      configuration: {
        brokers: [0, 1, 2].map((broker) => ({
          broker,
          advertisedHost: `kafka-${broker}.analytics.staging.highfunk.uk`,
          advertisedPort: 9094,
        })),
      },
    });
    expect(at(lent, 'configuration', 'maxConnections')).toBeGreaterThan(0);
    const policies = JSON.stringify(
      ofKind(staging, 'NetworkPolicy', 'analytics').find(({ metadata }) => metadata.name === 'kafka'),
    );
    expect(policies).toContain('9094');
    // Nobody borrows that of the social pool.
    for (const own of ofKind(staging, 'Kafka', 'social')) expect(at(own.spec, 'kafka', 'listeners')).toHaveLength(2);
  });

  it('makes no topic that the catalog does not state', () => {
    for (const kafka of ofKind(staging, 'Kafka')) {
      expect(at(kafka.spec, 'kafka', 'config', 'auto.create.topics.enable')).toBe(false);
    }
  });
});

describe('Redis', () => {
  it('is one, or as many as can elect another, which Sentinel watches', () => {
    const kindsOf = (replicas: number) =>
      new Set(
        storeUnits(withStores(staging, { replicas }))
          .filter(({ name }) => name === 'redis')
          .flatMap((unit) => unit.render().map(({ kind }) => kind))
          .filter((kind) => kind.startsWith('Redis')),
      );
    expect(kindsOf(1)).toEqual(new Set(['Redis']));
    expect(kindsOf(3)).toEqual(new Set(['RedisReplication', 'RedisSentinel']));
  });
});

describe('MinIO', () => {
  it('makes MLflow a user of its own, for the bucket of models and nothing else', () => {
    const ml = allOf(staging, 'ml');
    const job = JSON.stringify(ml.filter(({ kind }) => kind === 'Job'));
    expect(job).toContain('mc admin policy attach store mlflow');
    const secrets = ml.filter(({ kind, metadata }) => kind === 'ExternalSecret' && metadata.name === 'minio-mlflow');
    expect(secrets.map(({ spec }) => at(spec, 'data'))).toEqual([
      ['access-key', 'secret-key'].map((key) => ({ secretKey: key, remoteRef: { key: 'mlflow', property: key } })),
    ]);
    const settings = ml.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'minio-buckets');
    const policy = JSON.parse(String(at(settings, 'data', 'policy-mlflow.json')));
    const statements: { Action: string[]; Resource: string[] }[] = policy.Statement;
    expect(statements.flatMap(({ Resource }) => Resource)).toEqual(['arn:aws:s3:::models', 'arn:aws:s3:::models/*']);
    expect(statements.flatMap(({ Action }) => Action).filter((action) => action.includes('*'))).toEqual([]);
    expect(JSON.stringify(allOf(staging, 'analytics'))).not.toContain('mlflow');
  });

  it("has the brief's buckets, and one for models where they are trained", () => {
    const bucketsOf = (pool: string) =>
      ofKind(staging, 'Tenant', pool).map(({ spec }) => {
        const buckets = at(spec, 'buckets');
        return Array.isArray(buckets) ? buckets.map((bucket) => at(bucket, 'name')) : [];
      });
    expect(bucketsOf('analytics')).toEqual([['raw-data', 'processed-data', 'backup']]);
    expect(bucketsOf('ml')).toEqual([['raw-data', 'processed-data', 'backup', 'models']]);
  });

  it('has as many volumes as its operator asks for', () => {
    const volumesOf = (replicas: number) =>
      new Set(
        ofKind(withStores(staging, { replicas }), 'Tenant').map(
          ({ spec }) => replicas * Number(at(spec, 'pools', '0', 'volumesPerServer')),
        ),
      );
    expect([1, 2, 3, 4].map((replicas) => [...volumesOf(replicas)])).toEqual([[1], [4], [6], [4]]);
  });
});

describe('Elasticsearch', () => {
  it('keeps logs seven days and snapshots in the bucket of its region', () => {
    const [settings] = ofKind(staging, 'ConfigMap', 'social').filter(
      ({ metadata }) => metadata.name === 'elasticsearch-settings',
    );
    const file = (name: string): unknown => JSON.parse(String(at(settings?.data, name)));
    expect(file('_ilm.policy.logs-defimon.json')).toMatchObject({
      policy: { phases: { delete: { min_age: '7d' } } },
    });
    expect(file('_snapshot.backups.json')).toMatchObject({
      settings: { bucket: 'defimon-social-eu-west-1-staging-backups' },
    });
  });
});
