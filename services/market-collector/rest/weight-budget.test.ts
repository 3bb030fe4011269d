import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWeightBudget, type WeightBudget, type WeightBudgetOptions } from './weight-budget.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

const never = new AbortController().signal;

describe(createWeightBudget, () => {
  it('serves at once what fits, and the rest when the next minute has begun', async () => {
    const { ask, served } = budgetOf({ weightPerMinute: 100, headroom: 1 });
    for (let at = 0; at < 5; at++) ask(40, 1);
    await vi.advanceTimersByTimeAsync(180_000);
    expect(served.map(({ atMs }) => atMs)).toEqual([1_500, 1_500, 61_500, 61_500, 121_500]);
  });

  it('stays in its share, whatever others leave over', async () => {
    const { budget, ask, served } = budgetOf({ weightPerMinute: 6000, share: 0.25 });
    expect(budget.stats().allowed).toBe(1350);
    for (let at = 0; at < 30; at++) ask(50, 1);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(served).toHaveLength(27);
  });

  it('stops short of the limit of the address when others use it', async () => {
    const { budget, ask, served } = budgetOf({ weightPerMinute: 1000 });
    ask(50, 1);
    await vi.advanceTimersByTimeAsync(2_000);
    budget.observe({ usedWeight: 860, serverTimeMs: 2_000 });
    ask(50, 1);
    ask(40, 1);
    await vi.advanceTimersByTimeAsync(50_000);
    expect(served).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(served).toHaveLength(3);
  });

  it('never corrects its count downward, and not by an answer of the minute before', async () => {
    const { budget, ask } = budgetOf({ weightPerMinute: 1000 });
    await vi.advanceTimersByTimeAsync(70_000);
    ask(50, 1);
    budget.observe({ usedWeight: 3, serverTimeMs: 70_000 });
    expect(budget.stats().usedByAddress).toBe(50);
    budget.observe({ usedWeight: 900, serverTimeMs: 59_000 });
    expect(budget.stats().usedByAddress).toBe(50);
  });

  it("counts by the exchange's minutes when its clock differs from ours", async () => {
    const { budget, ask, served } = budgetOf({ weightPerMinute: 100, headroom: 1 });
    // Theirs is 30 s ahead.
    budget.observe({ usedWeight: undefined, serverTimeMs: 30_000 });
    ask(100, 1);
    ask(100, 1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(served.map(({ atMs }) => atMs)).toEqual([0, 31_000]);
  });

  it('serves nobody before a pause is over, and the longer pause wins', async () => {
    const { budget, ask, served } = budgetOf({ weightPerMinute: 100 });
    await vi.advanceTimersByTimeAsync(2_000);
    budget.pauseUntil(20_000);
    budget.pauseUntil(10_000);
    ask(1, 1);
    await vi.advanceTimersByTimeAsync(100_000);
    expect(served).toMatchObject([{ atMs: 20_000 }]);
  });

  it('caps requests a second, whatever they weigh', async () => {
    const { ask, served } = budgetOf({ weightPerMinute: 6000, requestsPerSecond: 2 });
    await vi.advanceTimersByTimeAsync(2_000);
    for (let at = 0; at < 5; at++) ask(1, 1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(served.map(({ atMs }) => atMs)).toEqual([2_000, 2_000, 3_000, 3_000, 4_000]);
  });

  it('refuses at once what would never fit', async () => {
    const { budget } = budgetOf({ weightPerMinute: 2400, share: 1 / 16 });
    await expect(budget.acquire(250, 1, never)).rejects.toThrow(/never fits a budget of 135 a minute/);
  });

  it('lets out who was let in before the limit was lowered', async () => {
    const { budget, ask, served } = budgetOf({ weightPerMinute: 1000 });
    ask(250, 1);
    ask(10, 0);
    budget.setLimit(200);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(served.map(({ weight }) => weight)).toEqual([250, 10]);
  });

  it('forgets who gave up, and lets the next one through', async () => {
    const { budget, ask, served } = budgetOf({ weightPerMinute: 100, headroom: 1 });
    const abort = new AbortController();
    const given = budget.acquire(100, 9, abort.signal);
    await vi.advanceTimersByTimeAsync(1_000);
    abort.abort(new Error('gave up'));
    await expect(given).rejects.toThrow('gave up');
    ask(100, 1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(served).toHaveLength(1);
    expect(budget.stats().waiting).toBe(0);
  });

  it('rejects all who wait when it is stopped', async () => {
    const { budget } = budgetOf({ weightPerMinute: 100 });
    const waiting = budget.acquire(1, 1, never);
    budget.stop();
    await expect(waiting).rejects.toThrow('stopped');
    expect(vi.getTimerCount()).toBe(0);
  });

  it("goes on after the machine's clock was set back", async () => {
    const { ask, served } = budgetOf({ weightPerMinute: 100, headroom: 1 });
    await vi.advanceTimersByTimeAsync(3_602_000);
    ask(100, 1);
    vi.setSystemTime(2_000);
    ask(100, 1);
    await vi.advanceTimersByTimeAsync(70_000);
    expect(served).toHaveLength(2);
  });

  it('never goes over the limit in any minute of the exchange, serves everyone, and the more important first', async () => {
    const request = fc.record({
      weight: fc.integer({ min: 1, max: 50 }),
      priority: fc.nat(20),
      afterMs: fc.nat(20_000),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { maxLength: 60 }),
        fc.integer({ min: -400, max: 400 }),
        async (requests, skewMs) => {
          vi.setSystemTime(0);
          const { ask, served } = budgetOf({ weightPerMinute: 100 });
          let lastMs = 0;
          for (const { weight, priority, afterMs } of requests) {
            await vi.advanceTimersByTimeAsync(afterMs);
            lastMs = Date.now();
            ask(weight, priority);
          }
          await vi.advanceTimersByTimeAsync(3_600_000);
          expect(served).toHaveLength(requests.length);
          const perMinute = new Map<number, number>();
          for (const { atMs, weight } of served) {
            // Their clock is a little off, and a request takes up to a second to get there.
            for (const onTheWayMs of [0, 1_000]) {
              const minute = Math.floor((atMs + skewMs + onTheWayMs) / 60_000);
              const key = minute * 2 + onTheWayMs / 1_000;
              perMinute.set(key, (perMinute.get(key) ?? 0) + weight);
            }
          }
          for (const used of perMinute.values()) expect(used).toBeLessThanOrEqual(90);
          // Of those who waited together at the end, ageing apart (a priority each half minute).
          const waited = served.filter(({ atMs }) => atMs > lastMs);
          for (let at = 1; at < waited.length; at++) {
            const [before, after] = [waited[at - 1], waited[at]];
            expect(rank(before)).toBeGreaterThanOrEqual(rank(after));
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

interface Served {
  readonly weight: number;
  readonly priority: number;
  readonly askedAtMs: number;
  readonly atMs: number;
}

const rank = (served: Served | undefined): number => (served?.priority ?? 0) * 30_000 - (served?.askedAtMs ?? 0);

function budgetOf(options: WeightBudgetOptions): {
  budget: WeightBudget;
  ask: (weight: number, priority: number) => void;
  served: Served[];
} {
  const budget = createWeightBudget(options);
  const served: Served[] = [];
  const ask = (weight: number, priority: number): void => {
    const askedAtMs = Date.now();
    void budget
      .acquire(weight, priority, never)
      .then(() => served.push({ weight, priority, askedAtMs, atMs: Date.now() }));
  };
  return { budget, ask, served };
}
