import { describe, expect, it } from 'vitest';
import type { MetricValue } from '../../contracts/analytics-metrics.ts';
import { rank } from './rank.ts';

describe(rank, () => {
  it('gives equal values one rank, by id, and the next the place that it has', () => {
    expect(ranked({ d: 1, b: 2, a: 2, c: 3 }, 'desc')).toEqual(['1 c', '2 a', '2 b', '4 d']);
    expect(ranked({ d: 1, b: 2, a: 2, c: 3 }, 'asc')).toEqual(['1 d', '2 a', '2 b', '4 c']);
  });

  it('puts those without a value last, without a rank, in either order', () => {
    expect(ranked({ b: null, a: null, c: 0 }, 'desc')).toEqual(['1 c', 'null a', 'null b']);
    expect(ranked({ b: null, a: null, c: 0 }, 'asc')).toEqual(['1 c', 'null a', 'null b']);
  });

  it('compares digits as numbers, exactly at any size', () => {
    const large = 2n ** 255n;
    const values = { a: '9', b: '10', c: String(large), d: String(large + 1n), e: '0' };
    expect(ranked(values, 'desc')).toEqual(['1 d', '2 c', '3 b', '4 a', '5 e']);
  });
});

function ranked(values: Readonly<Record<string, MetricValue>>, order: 'asc' | 'desc'): string[] {
  const entries = Object.entries(values).map(([id, value]) => ({ network: { id }, value }));
  return rank(entries, order).map((each) => `${each.rank} ${each.network.id}`);
}
