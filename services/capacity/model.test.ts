import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { whyNotFollowed } from '../../catalog/followed.ts';
import { type Break, breaksOf } from './breaks.ts';
import { demandOf } from './demand.ts';
import { type Plan, planOf } from './model.ts';
import { targetUtilisation } from './need.ts';
import { loadPlanning } from './planning.ts';

const catalog = loadPlanning(join(import.meta.dirname, '..', '..'));

describe(demandOf, () => {
  it('begins with known networks, the most important first, at their own pace', () => {
    const { networks } = demandOf({ networks: 500, pairs: 1 });
    expect(networks.slice(0, 2)).toMatchObject([
      { id: 'arbitrum_one', blockSeconds: 0.25, tier: 'critical' },
      { id: 'optimism', blockSeconds: 2, tier: 'critical' },
    ]);
    expect(new Set(networks.map(({ id }) => id)).size).toBe(500);
  });

  it('is the same for the same seed, and adds networks without changing those before', () => {
    const [small, large] = [50, 500].map((networks) => demandOf({ networks, pairs: 10 }).networks);
    expect(large?.slice(0, 50)).toEqual(small);
  });
});

describe(planOf, () => {
  it('leaves the room that it promises', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 5000 }), (networks, pairs) => {
        const plan = planFor(networks, pairs);
        expect(plan.stream.hottest).toBeLessThanOrEqual(targetUtilisation);
        for (const busy of Object.values(plan.stream.windows.busy))
          expect(busy / plan.stream.replicas).toBeLessThanOrEqual(targetUtilisation);
        expect(plan.stream.replicas).toBeLessThanOrEqual(plan.stream.partitions);
        for (const { utilisation } of plan.shards) expect(utilisation).toBeLessThanOrEqual(targetUtilisation);
        const { clickhouse } = plan;
        expect(clickhouse.cores / (8 * clickhouse.servers)).toBeLessThanOrEqual(targetUtilisation);
        expect(plan.shards.reduce((sum, shard) => sum + shard.networks.length, 0)).toBe(networks);
      }),
      { numRuns: 25 },
    );
  });

  it('needs no less for more', () => {
    const plans = [50, 200, 500, 1000].map((networks) => planFor(networks, 4 * networks));
    for (const of of [
      (plan: Plan) => plan.stream.replicas,
      (plan: Plan) => plan.stream.partitions,
      (plan: Plan) => plan.market.collectors,
      (plan: Plan) => plan.kafka.diskGB,
      (plan: Plan) => plan.postgres.diskGB,
      (plan: Plan) => plan.bills.analytics.monthly,
    ]) {
      const figures = plans.map(of);
      expect(figures).toEqual(figures.toSorted((a, b) => a - b));
    }
  });

  it("counts what Binance's weight allows: 5,400 a minute, 50 a snapshot", () => {
    expect(planFor(1, 540).market).toMatchObject({ startMinutes: 5, addresses: 1, collectors: 11, connections: 11 });
    expect(planFor(1, 541).market.addresses).toBe(2);
  });
});

describe(breaksOf, () => {
  it('names what a plan passes, most first, and nothing that holds', () => {
    const breaks = breaksOf(planFor(5000, 20_000), catalog);
    const times = breaks.map((one) => one.times);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(Math.min(...times)).toBeGreaterThan(1);
    expect(breaks.map(({ change }) => change).join('\n')).toMatch(
      /services\/stream-processor.yaml: scaling.max to \d\d/,
    );
  });

  it("finds nothing that breaks at the catalog's own size: see services/CAPACITY.md for what to change if it does", () => {
    const everything = { phases: [1, 2, 3, 4, 5], priorityThreshold: 1 };
    const networks = catalog.networks.filter((network) => whyNotFollowed(network, everything) === undefined).length;
    const plan = planFor(networks, catalog.pairs.filter(({ status }) => status === 'active').length);
    expect(breaksOf(plan, catalog)).toEqual([]);
  });

  it('finds that a topic keeps too little, and a disk too small, where rows are kept for longer', () => {
    const longer = { ...catalog, keeps: { ...catalog.keeps, relationalDays: 30, timeseriesDays: 90 } };
    const words = (breaks: readonly Break[]) => breaks.map(({ what }) => what).join('\n');
    const plan = planOf(demandOf({ networks: 50, pairs: 200 }), longer);
    expect(words(breaksOf(plan, longer))).toMatch(
      /(PostgreSQL.*30 days.*ClickHouse.*90 days|ClickHouse.*90 days.*PostgreSQL.*30 days)/s,
    );
    const topics = catalog.topics.map((topic) => ({ ...topic, retentionMiB: 64 }));
    const short = { ...catalog, topics };
    expect(words(breaksOf(planOf(demandOf({ networks: 50, pairs: 200 }), short), short))).toMatch(
      /chain.blocks.*minutes/,
    );
  });

  it('finds the machines enough for one network', () => {
    const words = breaksOf(planFor(1, 1), catalog).map(({ what }) => what);
    expect(words.filter((what) => /nodes|CPU|partition|processors/.test(what))).toEqual([]);
  });
});

function planFor(networks: number, pairs: number): Plan {
  return planOf(demandOf({ networks, pairs }), catalog);
}
