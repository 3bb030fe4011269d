import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignSymbols } from './assign-symbols.ts';

describe(assignSymbols, () => {
  it('spreads 200 symbols evenly over 4 connections of 50', () => {
    const symbols = Array.from({ length: 200 }, (_, at) => `S${at}`);
    const loads = loadsOf(assignSymbols(new Map(), symbols, { chunkSize: 50, connections: 4 }));
    expect(loads).toEqual([50, 50, 50, 50]);
  });

  it('takes as many connections as there are full chunks', () => {
    const symbols = Array.from({ length: 201 }, (_, at) => `S${at}`);
    const loads = loadsOf(assignSymbols(new Map(), symbols, { chunkSize: 50, connections: 4 }));
    expect(loads).toEqual([50, 50, 50, 50, 1]);
  });

  it('never moves a symbol that stays, nor fills a connection above the chunk', () => {
    const lists = fc.array(fc.uniqueArray(fc.nat(60).map((at) => `S${at}`)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(
        lists,
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 5 }),
        (all, chunkSize, connections) => {
          let previous = new Map<string, number>();
          for (const symbols of all) {
            const assigned = assignSymbols(previous, symbols, { chunkSize, connections });
            expect([...assigned.keys()].toSorted()).toEqual([...symbols].toSorted());
            for (const [symbol, connection] of assigned) {
              expect(previous.get(symbol) ?? connection).toBe(connection);
            }
            expect(Math.max(0, ...loadsOf(assigned))).toBeLessThanOrEqual(chunkSize);
            previous = assigned;
          }
        },
      ),
    );
  });
});

function loadsOf(assigned: ReadonlyMap<string, number>): number[] {
  const groups = Object.groupBy(assigned.values(), String);
  return Object.values(groups).map((group) => group?.length ?? 0);
}
