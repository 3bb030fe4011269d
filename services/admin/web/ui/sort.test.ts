import { describe, expect, it } from 'vitest';
import { compareValues, type SortValue } from './sort.ts';

describe(compareValues, () => {
  it.each([true, false])('puts what is not known last, down: %s', (down) => {
    const values: SortValue[] = [null, 2, undefined, 1];
    expect(values.toSorted((a, b) => compareValues(a, b, down)).slice(2)).toEqual([null, undefined]);
  });

  it('orders figures by size, amounts beyond any float exactly, and words as people do', () => {
    const up = (values: SortValue[]) => values.toSorted((a, b) => compareValues(a, b, false));
    expect(up([10, 9, 100])).toEqual([9, 10, 100]);
    expect(up([10n ** 30n + 1n, 10n ** 30n])).toEqual([10n ** 30n, 10n ** 30n + 1n]);
    expect(up(['pool 10', 'Pool 9', 'arbitrum'])).toEqual(['arbitrum', 'Pool 9', 'pool 10']);
  });
});
