import { describe, expect, it } from 'vitest';
import type { Pool } from '../catalog/schema/pool.ts';
import { clustersOf, isPlaced } from './clusters.ts';
import { inputsOf } from './testing/project.ts';

describe(clustersOf.name, () => {
  it('is the cluster of the pool, when it has one region', () => {
    expect(clustersOf(pool({ cluster: 'defimon-analytics', regions: ['nbg1'] }))).toEqual(['defimon-analytics']);
  });

  it('names the region where there are several', () => {
    const regions = ['us-east-1', 'eu-west-1'];
    expect(clustersOf(pool({ cluster: 'social', regions }))).toEqual(['social-us-east-1', 'social-eu-west-1']);
  });

  it('is the one that it will have while the provider is undecided', () => {
    const { cluster: _, ...undecided } = pool({ id: 'ml', regions: [], provider: 'undecided' });
    expect(clustersOf(undecided)).toEqual(['defimon-ml']);
    expect(isPlaced(undecided)).toBe(false);
  });
});

function pool(overrides: Partial<Pool>): Pool {
  const [first] = inputsOf('staging').catalog.pools;
  if (first === undefined) throw new Error('the catalog has no pool');
  return { ...first, provider: 'aws', ...overrides };
}
