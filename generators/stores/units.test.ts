import { describe, expect, it } from 'vitest';
import { withEnvironment } from '../../catalog/environment.ts';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { Pool, PoolStore } from '../../catalog/schema/pool.ts';
import { storeLabel } from '../conventions.ts';
import type { Manifest } from '../emit/manifest.ts';
import type { RenderInputs } from '../inputs.ts';
import { inputsOf, renderedEnvironments } from '../testing/project.ts';
import { createStrictValidator, whyUnavailable } from '../testing/strict-schemas.ts';
import type { Unit } from '../unit.ts';
import { storeUnits } from './units.ts';

const staging = sized(inputsOf('staging'));
const unavailable = whyUnavailable();

/** Kinds whose object is a store: what it holds is gone with it. */
const storeKinds = [
  'ClickHouseInstallation',
  'ClickHouseKeeperInstallation',
  'Cluster',
  'Elasticsearch',
  'Kafka',
  'KafkaNodePool',
  'KafkaTopic',
  'MongoDBCommunity',
  'Redis',
  'RedisReplication',
  'Tenant',
];

describe(storeUnits.name, () => {
  it('renders each store that a pool runs itself, on each of its clusters, and none that it rents', () => {
    const names = storeUnits(staging).map(({ place, name }) => `${place.cluster}/${name}`);
    const wanted = staging.catalog.pools.flatMap((pool) =>
      (pool.regions.length > 1 ? pool.regions.map((region) => `${pool.cluster}-${region}`) : [clusterOf(pool)]).flatMap(
        (cluster) => pool.stores.filter(({ managed }) => !managed).map(({ engine }) => `${cluster}/${engine}`),
      ),
    );
    expect(names.sort()).toEqual(wanted.sort());
    expect(names).toContain('defimon-social-us-east-1/mongodb');
    expect(names).not.toContain('defimon-market/postgresql');
  });

  it.skipIf(unavailable !== undefined)(
    'renders only what the strict schemas know, whatever the number of replicas',
    () => {
      const validate = createStrictValidator();
      const everySize = [1, 2, 3, 4].flatMap((replicas) => storeUnits(withStores(staging, { replicas })));
      const all = [...renderedEnvironments.flatMap((name) => storeUnits(sized(inputsOf(name)))), ...everySize];
      const errors = all.flatMap((unit) =>
        unit.render().flatMap((manifest) => validate(manifest).map((error) => `${nameOf(manifest)} ${error}`)),
      );
      expect([...new Set(errors)]).toEqual([]);
    },
  );

  it('keeps what holds data when its file goes', () => {
    for (const manifest of allOf(staging).filter(({ kind }) => storeKinds.includes(kind))) {
      expect(manifest.metadata.annotations?.['argocd.argoproj.io/sync-options'], nameOf(manifest)).toBe(
        'Prune=false,Delete=false',
      );
    }
    const kinds = new Set(allOf(staging).map(({ kind }) => kind));
    expect(storeKinds.filter((kind) => !kinds.has(kind))).toEqual([]);
  });

  it('gives pods the label that services select, and volumes the class that keeps disks', () => {
    for (const unit of storeUnits(staging)) {
      const text = JSON.stringify(unit.render());
      const kind = staging.catalog.pools
        .find(({ id }) => id === unit.place.pool)
        ?.stores.find(({ engine }) => engine === unit.name)?.kind;
      expect(text, unit.name).toContain(`"${storeLabel}":"${kind}"`);
      expect(text, unit.name).toContain('"defimon-retain"');
      expect(text, unit.name).toContain('"defimon-store"');
    }
  });

  it('takes its sizes from the catalog and the environment', () => {
    const environment = {
      ...staging.environment,
      pools: { analytics: { stores: { relational: { replicas: 3, storageGB: 77 } } } },
    };
    const [cluster] = ofKind(sized({ ...staging, environment }), 'Cluster');
    expect(cluster?.spec).toMatchObject({ instances: 3, storage: { size: '77Gi' }, enablePDB: true });
  });

  it('has a monitor and a policy for every store', () => {
    for (const unit of storeUnits(staging)) {
      const kinds = unit.render().map(({ kind }) => kind);
      expect(kinds, unit.name).toContain('PodMonitor');
      expect(kinds, unit.name).toContain('NetworkPolicy');
    }
  });

  it('writes down no password', () => {
    expect(allOf(staging).filter(({ kind }) => kind === 'Secret')).toEqual([]);
    for (const unit of storeUnits(staging)) {
      const secrets = unit.render().filter(({ kind }) => kind === 'ExternalSecret');
      const hasUsers = unit.name !== 'kafka' || staging.catalog.topics.some(({ pool }) => pool === unit.place.pool);
      expect(secrets.length > 0, unit.name).toBe(hasUsers);
    }
  });

  it('asks for every Secret that it names', () => {
    for (const unit of storeUnits(staging)) {
      const manifests = unit.render();
      const made = manifests.flatMap(({ kind, metadata, spec }) =>
        kind === 'ExternalSecret' || kind === 'Certificate' ? [metadata.name, String(at(spec, 'secretName'))] : [],
      );
      const named = [
        ...JSON.stringify(manifests).matchAll(
          /"secretKeyRef":\{"key":"[^"]+","name":"([^"]+)"|"secretKeyRef":\{"name":"([^"]+)"/g,
        ),
      ];
      for (const [, first, second] of named) expect(made, unit.name).toContain(first ?? second);
    }
  });
});

describe('policies of stores', () => {
  it('let in only services of the pool that need the store', () => {
    for (const unit of storeUnits(staging)) {
      const { pool } = unit.place;
      const store = staging.catalog.pools
        .find(({ id }) => id === pool)
        ?.stores.find(({ engine }) => engine === unit.name);
      const wanted = staging.catalog.services
        .filter((service) => service.pool === pool && service.needs.includes(store?.kind ?? 'bus'))
        .filter((service) => service.workload?.kind !== 'kong')
        .map(({ id }) => id);
      const policy = unit
        .render()
        .find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === unit.name);
      const letIn = [
        ...JSON.stringify(policy).matchAll(/"app.kubernetes.io\/name","operator":"In","values":\[([^\]]*)\]/g),
      ]
        .flatMap(([, list = '']) => list.split(','))
        .map((quoted) => quoted.replaceAll('"', ''))
        .filter((id) => id !== 'mlflow');
      expect([...new Set(letIn)].sort(), `${pool}/${unit.name}`).toEqual(wanted.sort());
    }
  });

  it('let nobody in where no service needs the store, rather than everyone', () => {
    const catalog = { ...staging.catalog, services: staging.catalog.services.map((each) => ({ ...each, needs: [] })) };
    for (const policy of ofKind({ ...staging, catalog }, 'NetworkPolicy')) {
      const rules = [...list(policy, 'ingress', 'from'), ...list(policy, 'egress', 'to')];
      for (const peers of rules) expect(peers, nameOf(policy)).not.toEqual([]);
    }
  });

  it('keep everyone from the credentials of the cloud', () => {
    for (const policy of ofKind(staging, 'NetworkPolicy')) {
      for (const [, cidr, except] of JSON.stringify(policy).matchAll(/"cidr":"(0[^"]*)","except":\[([^\]]*)\]/g)) {
        expect([cidr, except]).toEqual(['0.0.0.0/0', expect.stringContaining('169.254.0.0/16')]);
      }
    }
  });
});

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

  it('tells its bucket from its secrets, and names neither key in a statement', () => {
    const jobs = JSON.stringify(ofKind(staging, 'CronJob'));
    expect(jobs).toContain("TO S3(backups, 'daily/$at')");
    expect(jobs).toContain("TO S3(backups, 'weekly/$at')");
    expect(jobs).not.toContain('access');
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
        'retention.ms': 604_800_000,
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

function sized(inputs: RenderInputs): RenderInputs {
  return { ...inputs, catalog: withEnvironment(inputs.catalog, inputs.environment) };
}

function withStores(inputs: RenderInputs, change: Partial<PoolStore>): RenderInputs {
  const pools = inputs.catalog.pools.map((pool) => ({
    ...pool,
    stores: pool.stores.map((store) => ({ ...store, ...change })),
  }));
  const catalog: Catalog = { ...inputs.catalog, pools };
  return { ...inputs, catalog };
}

function clusterOf({ id, cluster }: Pool): string {
  return cluster ?? `defimon-${id}`;
}

function allOf(inputs: RenderInputs, pool?: string): Manifest[] {
  return storeUnits(inputs)
    .filter(({ place }) => pool === undefined || place.pool === pool)
    .flatMap((unit: Unit) => unit.render());
}

function ofKind(inputs: RenderInputs, kind: string, pool?: string): Manifest[] {
  return allOf(inputs, pool).filter((manifest) => manifest.kind === kind);
}

function nameOf({ kind, metadata }: Manifest): string {
  return `${kind}/${metadata.name}`;
}

/** What stands at a path of keys and indexes. */
function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce((inner: unknown, key) => {
    return typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined;
  }, value);
}

/** The peers of each rule of a policy. */
function list(policy: Manifest, direction: string, peers: string): unknown[] {
  const rules = at(policy.spec, direction);
  return Array.isArray(rules) ? rules.map((rule) => at(rule, peers)) : [];
}
