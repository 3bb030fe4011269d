import { describe, expect, it } from 'vitest';
import { costOfPool } from './cost.ts';
import type { Machine } from './schema/machine.ts';
import type { Pool } from './schema/pool.ts';

describe(costOfPool.name, () => {
  it('multiplies by regions, and takes an hourly price for 730 hours', () => {
    const { known, lines, unpriced } = costOfPool(pool({ regions: ['us-east-1', 'eu-west-1'] }), machines);
    expect(lines.map(({ what, region, monthly }) => [what, region, monthly])).toEqual([
      ['2 × m6i.large', 'us-east-1', 146],
      ['2 × 100 GB gp3', 'us-east-1', 16],
      ['2 × m6i.large', 'eu-west-1', undefined],
      ['2 × 100 GB gp3', 'eu-west-1', undefined],
    ]);
    expect(known).toEqual({ USD: 162 });
    expect(unpriced).toEqual(['2 × m6i.large in eu-west-1', '2 × 100 GB gp3 in eu-west-1']);
  });

  it('counts the most nodes at full scale', () => {
    expect(costOfPool(pool({}), machines, 'full').known).toEqual({ USD: 486 });
  });

  it('knows no price of what is on no list', () => {
    expect(costOfPool(pool({}), []).known).toEqual({});
    expect(costOfPool(pool({}), []).unpriced).toHaveLength(2);
  });
});

const machines: Machine[] = [
  {
    kind: 'server',
    provider: 'aws',
    owner: 'platform',
    type: 'm6i.large',
    role: 'general',
    vcpu: 2,
    memoryGiB: 8,
    diskGB: 0,
    price: { currency: 'USD', perHour: { 'us-east-1': 0.1 } },
    source: 'a test',
  },
  {
    kind: 'disk',
    provider: 'aws',
    owner: 'platform',
    type: 'gp3',
    price: { currency: 'USD', perGBMonth: 0.08, regions: ['us-east-1'] },
    source: 'a test',
  },
];

function pool(part: Partial<Pool>): Pool {
  return {
    id: 'main',
    name: 'Main',
    purpose: 'Everything',
    owner: 'platform',
    provider: 'aws',
    regions: ['us-east-1'],
    namespaces: ['main'],
    nodeGroups: [
      { id: 'general', kind: 'kubernetes', machine: 'm6i.large', min: 2, max: 6, volume: { type: 'gp3', sizeGB: 100 } },
    ],
    stores: [],
    ...part,
  };
}
