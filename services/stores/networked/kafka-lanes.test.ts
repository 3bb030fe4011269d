import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { until } from '../contract.ts';
import { createLanes, type FetchedRecord, type LanesOptions } from './kafka-lanes.ts';

describe(createLanes, () => {
  it('handles and commits a partition batch by batch, in order', async () => {
    const { lanes, handled, committed } = lanesForTest();
    lanes.assign([0]);
    lanes.add(0, records(0, 3));
    lanes.add(0, records(3, 5));
    await until(() => committed.length === 2);
    expect(handled).toEqual([
      [0, [0, 1, 2]],
      [0, [3, 4]],
    ]);
    expect(committed).toEqual([
      [0, 3n],
      [0, 5n],
    ]);
    expect(lanes.heldBytes).toBe(0);
  });

  it('tells which offsets were not there between two batches, and of none at the start', () => {
    const skipped: unknown[] = [];
    const { lanes } = lanesForTest({ onSkipped: (...told) => skipped.push(told) });
    lanes.assign([0]);
    lanes.add(0, records(5, 7));
    lanes.add(0, records(7, 8));
    expect(skipped).toEqual([]);
    lanes.add(0, records(11, 12));
    expect(skipped).toEqual([[0, 8n, 11n]]);
  });

  it('pauses a partition that has two batches, and all when too much is held', async () => {
    const gate = Promise.withResolvers<void>();
    const { lanes, paused } = lanesForTest({ handle: () => gate.promise, budgetBytes: 1_000 });
    lanes.assign([0, 1, 2]);
    lanes.add(0, records(0, 3));
    expect([...paused]).toEqual([]);
    lanes.add(0, records(3, 6));
    expect([...paused]).toEqual([0]);
    lanes.add(1, records(0, 1, 1_000));
    expect([...paused].sort()).toEqual([0, 1, 2]);
    gate.resolve();
    await until(() => paused.size === 0);
    expect(lanes.heldBytes).toBe(0);
  });

  it('handles no more partitions at a time than it may', async () => {
    let [running, most] = [0, 0];
    const { lanes, committed } = lanesForTest({
      concurrency: 2,
      handle: async () => {
        most = Math.max(most, ++running);
        await delay(5);
        running--;
      },
    });
    lanes.assign([0, 1, 2, 3, 4]);
    for (let partition = 0; partition < 5; partition++) lanes.add(partition, records(0, 2));
    await until(() => committed.length === 5);
    expect(most).toBe(2);
  });

  it('keeps a batch that failed, lets others go on meanwhile, and gives it again', async () => {
    let fails = 2;
    const { lanes, handled } = lanesForTest({
      concurrency: 1,
      handle: async (partition) => {
        if (partition === 0 && fails-- > 0) throw new Error('away');
      },
    });
    lanes.assign([0, 1]);
    lanes.add(0, records(0, 2));
    lanes.add(1, records(0, 1));
    await until(() => handled.length === 4);
    expect(handled[0]).toEqual([0, [0, 1]]);
    expect(handled[1]).toEqual([1, [0]]);
    expect(handled.slice(2)).toEqual([handled[0], handled[0]]);
  });

  it('leaves out a batch that failed where that is wanted', async () => {
    const { lanes, committed } = lanesForTest({
      handle: async () => {
        throw new Error('away');
      },
      retryAfterMs: () => undefined,
    });
    lanes.assign([0]);
    lanes.add(0, records(0, 2));
    await until(() => committed.length === 1);
    expect(lanes.heldBytes).toBe(0);
  });

  it('goes on with the partitions it keeps, and commits nothing of one it lost', async () => {
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { lanes, handled, committed } = lanesForTest({ handle: (partition) => gates[partition]?.promise });
    lanes.assign([0, 1]);
    lanes.add(0, records(0, 2));
    lanes.add(0, records(2, 4));
    lanes.add(1, records(0, 2));
    lanes.add(1, records(2, 4));
    expect(lanes.assign([1, 2])).toEqual(new Map([[1, 4n]]));
    expect(lanes.heldBytes).toBe(4 * 11);
    for (const gate of gates) gate.resolve();
    await until(() => committed.length === 2);
    expect(committed).toEqual([
      [1, 2n],
      [1, 4n],
    ]);
    expect(handled.filter(([partition]) => partition === 0)).toEqual([[0, [0, 1]]]);
  });

  it('waits for what it had in hand when a partition comes back, and is then fetched anew', async () => {
    const gate = Promise.withResolvers<void>();
    const { lanes, handled, committed } = lanesForTest({ handle: () => gate.promise });
    lanes.assign([0]);
    lanes.add(0, records(0, 2));
    lanes.assign([]);
    expect(lanes.add(0, records(2, 4))).toBe(false);
    expect(lanes.assign([0])).toEqual(new Map());
    expect(lanes.add(0, records(0, 4))).toBe(true);
    await delay(5);
    expect(handled).toHaveLength(1);
    gate.resolve();
    await until(() => committed.length === 1);
    expect(handled[1]).toEqual([0, [0, 1, 2, 3]]);
  });

  it('says a failed commit again with the next assignment', async () => {
    let fails = 1;
    const { lanes, handled, committed } = lanesForTest({
      commit: async () => {
        if (fails-- > 0) throw new Error('the group is rebalancing');
      },
    });
    lanes.assign([0]);
    lanes.add(0, records(0, 2));
    await until(() => fails === 0);
    await delay(1);
    lanes.assign([0, 1]);
    await until(() => committed.length === 1);
    expect([committed, handled.length]).toEqual([[[0, 2n]], 1]);
  });

  it('takes what begins at an earlier offset: the topic was made anew', async () => {
    const { lanes, committed } = lanesForTest();
    lanes.assign([0]);
    lanes.add(0, records(10, 12));
    lanes.add(0, records(0, 1));
    await until(() => committed.length === 2);
    expect(committed.map(([, offset]) => offset)).toEqual([12n, 1n]);
  });

  it('drops what waits and finishes what is in hand when it ends', async () => {
    const gate = Promise.withResolvers<void>();
    const { lanes, handled, committed } = lanesForTest({ handle: () => gate.promise });
    lanes.assign([0]);
    lanes.add(0, records(0, 2));
    lanes.add(0, records(2, 4));
    const drained = lanes.drain();
    expect(lanes.add(0, records(4, 6))).toBe(false);
    gate.resolve();
    await drained;
    expect([handled, committed]).toEqual([[[0, [0, 1]]], [[0, 2n]]]);
  });

  it('gives each record of a partition in order, whatever is fetched again, lost and regained', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('fetch' as const), partition: fc.nat(2), count: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ do: fc.constant('assign' as const), partitions: fc.uniqueArray(fc.nat(2)) }),
      fc.record({ do: fc.constant('wait' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const given = new Map<number, number[]>();
        // As the driver would: from what is committed, or from where it is told to go on.
        const [stored, position] = [new Map<number, number>(), new Map<number, number>()];
        let calls = 0;
        const { lanes } = lanesForTest({
          handle: async (partition, batch) => {
            await Promise.resolve();
            if (++calls % 3 === 0) throw new Error('away');
            for (const { offset } of batch) given.set(partition, [...(given.get(partition) ?? []), Number(offset)]);
          },
          commit: async (partition, offset) => void stored.set(partition, Number(offset)),
        });
        const assign = (partitions: readonly number[]): void => {
          const kept = lanes.assign(partitions);
          for (const partition of partitions)
            position.set(partition, Number(kept.get(partition) ?? stored.get(partition) ?? 0));
        };
        const fetch = (partition: number, count: number): void => {
          const from = position.get(partition) ?? 0;
          if (lanes.add(partition, records(from, from + count))) position.set(partition, from + count);
        };
        assign([0, 1, 2]);
        for (const next of steps) {
          if (next.do === 'fetch') fetch(next.partition, next.count);
          else if (next.do === 'assign') assign(next.partitions);
          else await delay(1);
        }
        assign([0, 1, 2]);
        for (let partition = 0; partition < 3; partition++) fetch(partition, 1);
        await until(() => lanes.heldBytes === 0);
        for (let partition = 0; partition < 3; partition++) {
          const seen = [...new Set(given.get(partition))];
          expect(seen).toEqual(seen.map((_, at) => at));
          expect(seen.length).toBeGreaterThanOrEqual(position.get(partition) ?? 0);
        }
      }),
      { numRuns: 50, seed: 1, endOnFailure: true },
    );
  });
});

function lanesForTest(
  more: Partial<Omit<LanesOptions, 'handle'>> & {
    handle?: (...given: Parameters<LanesOptions['handle']>) => Promise<void> | undefined;
  } = {},
) {
  const handled: [number, number[]][] = [];
  const committed: [number, bigint][] = [];
  const paused = new Set<number>();
  const { handle, commit, ...rest } = more;
  const lanes = createLanes({
    concurrency: 3,
    budgetBytes: 1_000_000,
    setPaused: (partition, isPaused) => void paused[isPaused ? 'add' : 'delete'](partition),
    retryAfterMs: () => 1,
    ...rest,
    handle: async (partition, batch) => {
      handled.push([partition, batch.map(({ offset }) => Number(offset))]);
      await handle?.(partition, batch);
    },
    commit: async (partition, offset) => {
      await commit?.(partition, offset);
      committed.push([partition, offset]);
    },
  });
  return { lanes, handled, committed, paused };
}

/** Offsets `from` to below `to`; each has a key of one byte and a value of `bytes`. */
function records(from: number, to: number, bytes = 10): FetchedRecord[] {
  return Array.from({ length: to - from }, (_, at) => ({
    key: Buffer.from('k'),
    value: Buffer.alloc(bytes),
    offset: String(from + at),
    timestamp: '0',
  }));
}
