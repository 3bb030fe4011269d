import { describe, expect, it } from 'vitest';
import { withEnvironment } from '../../catalog/environment.ts';
import type { Pool } from '../../catalog/schema/pool.ts';
import { clustersOf } from '../clusters.ts';
import { getPool, type RenderInputs } from '../inputs.ts';
import { inputsOf, renderedEnvironments } from '../testing/project.ts';
import { createStrictValidator, whyUnavailable } from '../testing/strict-schemas.ts';
import { backupExpiries, findBackupDestination, findBackupElsewhere } from './destination.ts';
import { backupUnits } from './units.ts';

const staging = sized(inputsOf('staging'));

describe(backupUnits.name, () => {
  it('backs up every cluster that keeps something, of every pool that has a provider', () => {
    expect(backupUnits(staging).map(({ place }) => place.cluster)).toEqual([
      'defimon-analytics',
      'defimon-infrastructure',
      'defimon-market',
      'defimon-social-eu-west-1',
      'defimon-social-eu-central-1',
      'defimon-social-us-east-1',
    ]);
  });

  it.skipIf(whyUnavailable() !== undefined)('renders only what the strict schemas know', () => {
    const validate = createStrictValidator();
    const manifests = renderedEnvironments.flatMap((name) =>
      backupUnits(sized(inputsOf(name))).flatMap((unit) => unit.render()),
    );
    expect(manifests.flatMap((manifest) => validate(manifest))).toEqual([]);
  });

  it('keeps daily backups in /backup/daily and weekly ones in /backup/weekly, as long as the pool says', () => {
    const manifests = manifestsOf('defimon-analytics');
    const prefixes = manifests.filter(({ kind }) => kind === 'BackupStorageLocation').map(({ spec }) => spec);
    expect(prefixes).toMatchObject([
      { default: true, objectStorage: { bucket: 'defimon-analytics-staging-backups', prefix: 'backup/daily' } },
      { default: false, objectStorage: { bucket: 'defimon-analytics-staging-backups', prefix: 'backup/weekly' } },
    ]);
    const schedules = manifests.filter(({ kind }) => kind === 'Schedule').map(({ spec }) => spec);
    expect(schedules).toMatchObject([
      { template: { ttl: '336h0m0s', storageLocation: 'daily' } },
      { template: { ttl: '2160h0m0s', storageLocation: 'weekly' } },
    ]);
  });

  it('copies files where no snapshots are to be had, and snapshots elsewhere', () => {
    const classes = backupUnits(staging).map((unit) => [
      unit.place.cluster,
      unit.render().some(({ kind }) => kind === 'VolumeSnapshotClass'),
    ]);
    expect(Object.fromEntries(classes)).toMatchObject({
      'defimon-analytics': false,
      'defimon-infrastructure': true,
      'defimon-market': true,
      'defimon-social-us-east-1': true,
    });
    const templates = manifestsOf('defimon-analytics').flatMap(({ kind, spec }) => (kind === 'Schedule' ? [spec] : []));
    for (const template of templates) {
      expect(template).toMatchObject({ template: { defaultVolumesToFsBackup: true, snapshotVolumes: false } });
    }
  });

  it('backs up each schedule to a location that is there', () => {
    for (const unit of backupUnits(staging)) {
      const manifests = unit.render();
      const named = (kind: string) => manifests.filter((one) => one.kind === kind).map(({ metadata }) => metadata.name);
      expect(named('Schedule')).toEqual(named('BackupStorageLocation'));
    }
  });

  it('copies no chain to a bucket: an Ethereum node finds it at its peers', () => {
    const schedules = manifestsOf('defimon-infrastructure').filter(({ kind }) => kind === 'Schedule');
    for (const { spec } of schedules) {
      expect(spec).toMatchObject({ template: { snapshotVolumes: true, snapshotMoveData: false } });
    }
  });
});

describe(findBackupElsewhere.name, () => {
  it('is the bucket of the next region, so that each region keeps another one', () => {
    const pool = getPool(staging.catalog, 'social');
    const clusters = clustersOf(pool);
    const elsewhere = clusters.map((cluster) => findBackupElsewhere('staging', pool, cluster));
    const own = clusters.map((cluster) => findBackupDestination('staging', pool, cluster));
    expect(new Set(elsewhere.map((one) => one?.bucket))).toEqual(new Set(own.map((one) => one?.bucket)));
    for (const [index, one] of elsewhere.entries()) expect(one?.region).not.toBe(own[index]?.region);
  });

  it('is nowhere for a pool in one region', () => {
    const pool = getPool(staging.catalog, 'analytics');
    expect(findBackupElsewhere('staging', pool, 'defimon-analytics')).toBeUndefined();
  });
});

describe(findBackupDestination.name, () => {
  it.each([
    ['analytics', 'https://nbg1.your-objectstorage.com'],
    ['infrastructure', 'https://storage.googleapis.com'],
    ['market', 'https://nyc3.digitaloceanspaces.com'],
  ])('is near the %s pool', (id, endpoint) => {
    const pool = getPool(staging.catalog, id);
    expect(findBackupDestination('staging', pool, pool.cluster ?? '')?.endpoint).toBe(endpoint);
  });

  it('is nowhere while the provider is undecided', () => {
    expect(findBackupDestination('staging', getPool(staging.catalog, 'ml'), 'defimon-ml')).toBeUndefined();
  });

  it('has names that a bucket may have', () => {
    for (const pool of staging.catalog.pools.filter(({ provider }) => provider !== 'undecided')) {
      for (const cluster of clustersOf(pool)) {
        const { bucket } = findBackupDestination('production', pool, cluster) ?? { bucket: '' };
        expect(bucket).toMatch(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/);
      }
    }
  });
});

describe(backupExpiries.name, () => {
  it('follows what the pool says, and is nothing where it says nothing', () => {
    const pool: Pick<Pool, 'backups'> = { backups: { dailyRetentionDays: 5, weeklyRetentionDays: 20 } };
    expect(backupExpiries(pool).map(({ days }) => days)).toEqual([5, 20]);
    expect(backupExpiries({})).toEqual([]);
  });
});

function sized(inputs: RenderInputs): RenderInputs {
  return { ...inputs, catalog: withEnvironment(inputs.catalog, inputs.environment) };
}

function manifestsOf(cluster: string) {
  const found = backupUnits(staging).find(({ place }) => place.cluster === cluster);
  if (found === undefined) throw new Error(`${cluster} has no backups`);
  return found.render();
}
