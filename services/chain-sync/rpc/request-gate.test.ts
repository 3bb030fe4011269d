import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRequestGate, createRequestGates, type Release } from './request-gate.ts';
import type { Urgency } from './token-bucket.ts';

const never = new AbortController().signal;

describe(createRequestGate, () => {
  test('never lets more in than its limit, and lets everybody in in the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.record({ network: fc.constantFrom('a', 'b', 'c'), head: fc.boolean() })),
        async (limit, wishes) => {
          const gate = createRequestGate(limit);
          let served = 0;
          await Promise.all(
            wishes.map(async ({ network, head }) => {
              const release = await gate.enter(network, 1, head ? 'head' : 'backfill', never);
              expect(gate.inFlight()).toBeLessThanOrEqual(limit);
              await Promise.resolve();
              served++;
              release();
              release();
            }),
          );
          expect(served).toBe(wishes.length);
          expect(gate.inFlight()).toBe(0);
        },
      ),
    );
  });

  test('lets heads pass every backfill', async () => {
    const order = await orderOf([...wishes('a', 1, 'backfill', 3), ...wishes('a', 1, 'head', 2)]);
    expect(order.map(({ urgency }) => urgency)).toEqual(['head', 'head', 'backfill', 'backfill', 'backfill']);
  });

  test('shares places by weight among networks that all want them', async () => {
    const order = await orderOf([...wishes('low', 5, 'backfill', 100), ...wishes('high', 10, 'backfill', 100)]);
    const early = order.slice(0, 60).filter(({ network }) => network === 'high').length;
    expect(early).toBeGreaterThanOrEqual(39);
    expect(early).toBeLessThanOrEqual(41);
  });

  test('gives a network that comes late its share of the present, not of the past', async () => {
    const gate = createRequestGate(1);
    for (let times = 0; times < 100; times++) (await gate.enter('old', 1, 'backfill', never))();
    const hold = await gate.enter('old', 1, 'backfill', never);
    const order = follow(gate, [...wishes('old', 1, 'backfill', 10), ...wishes('new', 1, 'backfill', 10)]);
    hold();
    expect((await order).slice(0, 10).filter(({ network }) => network === 'new').length).toBeLessThanOrEqual(6);
  });

  test('forgets who gave up', async () => {
    const gate = createRequestGate(1);
    const hold = await gate.enter('a', 1, 'backfill', never);
    const abort = new AbortController();
    const waiting = gate.enter('a', 1, 'backfill', abort.signal);
    const behind = gate.enter('b', 1, 'backfill', never);
    abort.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
    hold();
    (await behind)();
    expect(gate.inFlight()).toBe(0);
    await expect(gate.enter('a', 1, 'head', abort.signal)).rejects.toThrow('stopped');
  });
});

interface Wish {
  readonly network: string;
  readonly weight: number;
  readonly urgency: Urgency;
}

function wishes(network: string, weight: number, urgency: Urgency, count: number): Wish[] {
  return Array.from({ length: count }, () => ({ network, weight, urgency }));
}

/** The order in which wishes are served that all came while the one place was taken. */
async function orderOf(all: readonly Wish[]): Promise<Wish[]> {
  const gate = createRequestGate(1);
  const hold: Release = await gate.enter('first', 1, 'head', never);
  const order = follow(gate, all);
  hold();
  return order;
}

describe(createRequestGates, () => {
  test('keeps places for endpoints that answer while untried ones wait in theirs', async () => {
    const { signal } = new AbortController();
    const gates = createRequestGates(8);
    const wait = (): Promise<unknown> => gates.untried.enter('dead', 1, 'head', signal);
    await Promise.all([wait(), wait()]);
    void wait();

    await Promise.all(Array.from({ length: 6 }, () => gates.admitted.enter('live', 1, 'backfill', signal)));

    expect([gates.untried.inFlight(), gates.admitted.inFlight()]).toEqual([2, 6]);
  });
});

async function follow(gate: ReturnType<typeof createRequestGate>, all: readonly Wish[]): Promise<Wish[]> {
  const order: Wish[] = [];
  await Promise.all(
    all.map(async (wish) => {
      const release = await gate.enter(wish.network, wish.weight, wish.urgency, never);
      order.push(wish);
      release();
    }),
  );
  return order;
}
