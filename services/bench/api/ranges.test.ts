import { describe, expect, it } from 'vitest';
import type { RangePlan } from './input.ts';
import { rangePath, rangesOf } from './ranges.ts';

describe(rangePath, () => {
  const plan: RangePlan = { path: '/stats', firstBlock: 10, lastBlock: 29, minBlocks: 5 };

  it('gives every range of at least that length once, the longest first', () => {
    const paths = Array.from({ length: rangesOf(plan) }, (_, at) => rangePath(plan, at));
    const expected: string[] = [];
    for (let length = 20; length >= 5; length--) {
      for (let from = 10; from + length - 1 <= 29; from++)
        expected.push(`/stats?fromBlock=${from}&toBlock=${from + length - 1}`);
    }
    expect(paths).toEqual(expected);
  });

  it('begins again after the last', () => {
    expect(rangePath(plan, rangesOf(plan))).toBe('/stats?fromBlock=10&toBlock=29');
  });

  it('is exact for chains of millions of blocks', () => {
    const long: RangePlan = { path: '', firstBlock: 0, lastBlock: 9_999_999, minBlocks: 1 };
    expect(rangePath(long, rangesOf(long) - 1)).toBe('?fromBlock=9999999&toBlock=9999999');
    expect(rangePath(long, rangesOf(long) - 10_000_000)).toBe('?fromBlock=0&toBlock=0');
  });
});
