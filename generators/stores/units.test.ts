import { describe, expect, it } from 'vitest';
import type { Pool } from '../../catalog/schema/pool.ts';
import { storeLabel } from '../conventions.ts';
import { inputsOf, renderedEnvironments } from '../testing/project.ts';
import { createStrictValidator, whyUnavailable } from '../testing/strict-schemas.ts';
import { allOf, at, nameOf, ofKind, sized, withStores } from './testing/rendered-stores.ts';
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

function clusterOf({ id, cluster }: Pool): string {
  return cluster ?? `defimon-${id}`;
}
