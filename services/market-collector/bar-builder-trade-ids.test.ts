import { describe, expect, test } from 'vitest';
import { createTradeIds } from './bar-builder-trade-ids.ts';

describe(createTradeIds, () => {
  test('begins anew with ids that the exchange counts anew, below those that it forgot and those that it holds', () => {
    const ids = createTradeIds();
    for (let at = 0; at < 5000; at++) {
      ids.add(1000 + at, at);
      ids.forgetBefore(at - 60);
    }
    const added = Array.from({ length: 5000 }, (_, at) => ids.add(1 + at, 100_000 + at));
    expect(added[0]).toBe('other');
    expect(new Set(added.slice(1))).toEqual(new Set(['next']));
    expect(ids.isWhole(100_100)).toBe(true);
  });

  test('takes what another socket brings again for that, however much later it is brought', () => {
    const ids = createTradeIds();
    for (let at = 0; at < 100; at++) ids.add(1000 + at, at);
    for (let at = 0; at < 100; at++) expect(ids.add(1000 + at, at)).toBe('duplicate');
    // As old, by its time, as a copy may be.
    expect(ids.add(1050, 109)).toBe('duplicate');
    expect(ids.add(1050, 110)).toBe('other');
  });
});
