import { describe, expect, it } from 'vitest';
import { clustersOf } from '../clusters.ts';
import { identityOf, sourcesOf } from '../emit/manifest.ts';
import { getPool } from '../inputs.ts';
import { inputsOf, renderedEnvironments } from '../testing/project.ts';
import { createStrictValidator, whyUnavailable } from '../testing/strict-schemas.ts';
import { renderUnit } from '../unit.ts';
import { named, objectsOf, staging } from './testing/render-service.ts';
import { serviceUnits } from './units.ts';

const unavailable = whyUnavailable();

describe(serviceUnits.name, () => {
  it('renders every service on every cluster of its pool, but what is Kong', () => {
    const { catalog } = staging;
    const expected = catalog.services
      .filter(({ id }) => id !== 'gateway')
      .flatMap(({ id, pool }) => clustersOf(getPool(catalog, pool)).map((cluster) => `${cluster}/${id}`));
    expect(serviceUnits(staging).map(({ place, name }) => `${place.cluster}/${name}`)).toEqual(expected);
    expect(expected).toContain('defimon-social-us-east-1/auth');
    expect(expected).toContain('defimon-ml/forecast-training');
  });

  it.skipIf(unavailable !== undefined)(
    `gives objects that fit their strict schemas${unavailable === undefined ? '' : ` (${unavailable})`}`,
    { timeout: 60_000 },
    () => {
      const validate = createStrictValidator();
      const objects = serviceUnits(staging).flatMap((unit) => renderUnit(unit).manifests);
      expect(objects.flatMap((each) => validate(each).map((error) => `${identityOf(each)}: ${error}`))).toEqual([]);
      expect(objects.length).toBeGreaterThan(150);
    },
  );

  it.each(renderedEnvironments)('gives every object of %s one identity, its wave and its sources', (name) => {
    const units = serviceUnits(inputsOf(name));
    for (const [cluster, those] of Map.groupBy(units, ({ place }) => place.cluster)) {
      const objects = those.flatMap((unit) => renderUnit(unit).manifests);
      const identities = objects.map(identityOf);
      expect(new Set(identities).size, cluster).toBe(identities.length);
      for (const object of objects) {
        expect(object.metadata.annotations).toHaveProperty(['argocd.argoproj.io/sync-wave']);
        expect(sourcesOf(object)).toContainEqual(expect.stringMatching(/^service\//));
      }
    }
  });

  it('gives a sharded service one of what all share, and a workload, slice and budget for each shard', () => {
    const objects = objectsOf('chain-sync');
    const shards = ['chain-sync-critical', 'chain-sync-standard', 'chain-sync-background'];
    for (const kind of ['Deployment', 'ConfigMap', 'PodDisruptionBudget']) {
      expect(Object.keys(named(objects, kind)), kind).toEqual(shards);
    }
    for (const kind of ['Service', 'ServiceMonitor', 'ServiceAccount', 'NetworkPolicy', 'ExternalSecret']) {
      expect(Object.keys(named(objects, kind)), kind).toEqual(['chain-sync']);
    }
  });

  it('needs nothing of a unit but what its inputs hold', () => {
    for (const unit of serviceUnits(staging)) {
      expect(JSON.parse(JSON.stringify(unit.inputs))).toEqual(unit.inputs);
    }
  });

  it('leaves the inputs of a unit equal when a pair is edited that it does not read', () => {
    const [first, ...others] = staging.catalog.pairs;
    if (first === undefined) throw new Error('there are pairs');
    const edited = { ...staging, catalog: { ...staging.catalog, pairs: [{ ...first, tickSize: '7' }, ...others] } };
    const [before, after] = [staging, edited].map((inputs) => serviceUnits(inputs));
    const changed = after?.filter(
      (unit, index) => JSON.stringify(unit.inputs) !== JSON.stringify(before?.[index]?.inputs),
    );
    const readers = staging.catalog.services.filter(({ reads }) => reads.includes('pairs')).map(({ id }) => id);
    expect(changed?.map(({ name }) => name)).toEqual(readers);
  });
});
