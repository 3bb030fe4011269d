import { describe, expect, it } from 'vitest';
import { balancePool, sum } from '../../catalog/capacity.ts';
import { costOfPool } from '../../catalog/cost.ts';
import { inShards } from '../../catalog/shards.ts';
import { catalog } from './admin-fixture.ts';
import { poolsOf } from './pools.ts';

describe(poolsOf.name, () => {
  it('gives the figures that the catalog is checked by', () => {
    const services = catalog.services.map((service) => inShards(service, catalog));
    for (const answer of poolsOf(catalog)) {
      const pool = catalog.pools.find(({ id }) => id === answer.id);
      if (pool === undefined) throw new Error(answer.id);
      const [cluster] = balancePool(pool, { ...catalog, services }, 'full');
      const shown = answer.capacity.find(({ what }) => what === 'cluster');
      if (shown !== undefined) {
        expect(shown.full.asked).toEqual(sum(cluster?.asked ?? []));
        expect(shown.full.given).toEqual(sum(cluster?.given ?? []));
      }
      expect(answer.cost.rest.known).toEqual(costOfPool(pool, catalog.machines).known);
      expect(answer.services.map(({ id }) => id)).toEqual(
        catalog.services.filter((service) => service.pool === pool.id).map(({ id }) => id),
      );
    }
  });

  it('says what is full, and what share of the budget is spent', () => {
    for (const { capacity, cost } of poolsOf(catalog)) {
      for (const { rest, full } of capacity) {
        for (const balance of [rest, full]) {
          for (const name of ['cpuMillis', 'memoryMiB', 'diskGB'] as const) {
            const isFull = balance.asked[name] >= 0.9 * balance.given[name] && balance.asked[name] > 0;
            expect(balance.full.includes(name)).toBe(isFull);
          }
        }
      }
      if (cost.budget !== null)
        expect(cost.share).toBeCloseTo((cost.rest.known[cost.budget.currency] ?? 0) / cost.budget.monthly);
      else expect(cost.share).toBeNull();
    }
  });

  it('gives nothing, and not zero, for machines that are not decided', () => {
    const pools = catalog.pools.map((pool) => ({
      ...pool,
      nodeGroups: pool.nodeGroups.map(({ machine: _, ...group }) => group),
    }));
    const [analytics] = poolsOf({ ...catalog, pools });
    expect(analytics?.machines[0]).toMatchObject({ machine: null, vcpu: null });
    expect(analytics?.capacity[0]?.rest.share.cpuMillis).toBeNull();
    expect(analytics?.capacity[0]?.rest.full).toContain('cpuMillis');
  });
});
