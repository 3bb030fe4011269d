import { describe, expect, it } from 'vitest';
import { parseEnvironment } from '../../catalog/environment.ts';
import { formatProblem } from '../../catalog/problem.ts';
import { parseSlice } from '../../catalog/slice.ts';
import { sourcesOf } from '../emit/manifest.ts';
import { inputsOf, renderedEnvironments } from '../testing/project.ts';
import { renderConfigMap } from './config-map.ts';
import { named, objectsOf, only, staging } from './testing/render-service.ts';

describe(renderConfigMap.name, () => {
  it('splits the networks among the shards, and leaves none out', () => {
    const slices = Object.values(named(objectsOf('chain-sync'), 'ConfigMap')).map(({ data, metadata }) => {
      const { catalog } = parseSlice(data['slice.json'], metadata.name);
      return catalog.networks.map(({ id }) => id);
    });
    expect(slices.flat().sort()).toEqual(staging.catalog.networks.map(({ id }) => id).sort());
    expect(slices.map(({ length }) => length)).toEqual([12, 8, 46]);
  });

  it('gives a service without shards all that it reads', () => {
    const { data } = only(objectsOf('analytics-api'), 'ConfigMap');
    expect(parseSlice(data['slice.json'], 'slice.json').catalog.networks).toEqual(staging.catalog.networks);
  });

  it.each(renderedEnvironments)('holds what services read of environment %s, in a form that they accept', (name) => {
    const inputs = inputsOf(name);
    for (const [shard, { data }] of Object.entries(named(objectsOf('chain-sync', inputs), 'ConfigMap'))) {
      const { catalog } = parseSlice(data['slice.json'], shard);
      const read = parseEnvironment('/etc/defimon/config/environment.yaml', data['environment.yaml'], catalog);
      expect(read.problems.map(formatProblem)).toEqual([]);
      const { phases, sync, stores } = inputs.environment;
      expect(read.environment).toMatchObject({ name, phases, sync, stores });
    }
  });

  it('does not change with sizes, accounts and other matters of rendering', () => {
    const { environment } = staging;
    const larger = { ...environment, services: { 'chain-sync': { replicas: { min: 0, max: 1 } } }, accounts: {} };
    const textOf = (inputs: typeof staging) => JSON.stringify(named(objectsOf('chain-sync', inputs), 'ConfigMap'));
    expect(textOf({ ...staging, environment: larger })).toBe(textOf(staging));
  });

  it('holds the settings of market and database for those who read them, and rolls their pods alone', () => {
    const environment = {
      ...staging.environment,
      market: { storage: { retentionDays: 9 } },
      database: { poolSize: 2 },
    };
    const objectsWith = (id: string) => objectsOf(id, { ...staging, environment });
    const readBy = (id: string) => {
      const [map] = Object.values(named(objectsWith(id), 'ConfigMap'));
      return /^(market|database):/gm[Symbol.match](map?.data['environment.yaml']);
    };
    expect(readBy('market-collector')).toEqual(['database:', 'market:']);
    expect(readBy('chain-sync')).toEqual(['database:']);
    expect(readBy('forecast-api')).toEqual(['database:']);
    const settingsOf = (objects: ReturnType<typeof objectsOf>) =>
      only(objects, 'Deployment').spec.template.metadata.annotations?.['checksum/settings'];
    // It reads what is collected, and not how.
    expect(readBy('market-api')).toEqual(['database:']);
    const { market: _, ...without } = environment;
    const before = objectsOf('market-api', { ...staging, environment: without });
    expect(settingsOf(objectsWith('market-api'))).toMatch(/^sha256:/);
    expect(settingsOf(objectsWith('market-api'))).toBe(settingsOf(before));
    const { database: __, ...neither } = without;
    expect(settingsOf(objectsOf('market-api', { ...staging, environment: neither }))).toBeUndefined();
  });

  it('changes for one shard when one pair is edited, and names the entries as sources', () => {
    const pairs = staging.catalog.pairs.map((pair) =>
      pair.symbol === 'BTCUSDT' ? { ...pair, tickSize: '0.5' } : pair,
    );
    const edited = { ...staging, catalog: { ...staging.catalog, pairs } };
    const [before, after] = [staging, edited].map((inputs) => objectsOf('market-collector', inputs));
    const changed = after?.filter((object, index) => JSON.stringify(object) !== JSON.stringify(before?.[index])) ?? [];
    expect(changed.map(({ kind }) => kind)).toEqual(['ConfigMap']);
    expect(changed.flatMap(sourcesOf)).toContain('pair/BTCUSDT');
  });
});
