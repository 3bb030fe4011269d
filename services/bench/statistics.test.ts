import { array, assert, double, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compare, median, type Series } from './statistics.ts';

describe(median, () => {
  it('is the middle value', () => {
    expect(median([5, 1, 3])).toBe(3);
  });

  it('is the mean of the two middle values of an even number', () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('refuses no values', () => {
    expect(() => median([])).toThrow(RangeError);
  });

  it('has as many values below as above', () => {
    const values = array(double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 });
    assert(
      property(values, (all) => {
        const middle = median(all);
        expect(all.filter((value) => value < middle).length).toBeLessThanOrEqual(all.length / 2);
        expect(all.filter((value) => value > middle).length).toBeLessThanOrEqual(all.length / 2);
      }),
    );
  });
});

describe(compare, () => {
  it('gives median, spread and both ratios in each unit', () => {
    const results = compare([
      series('ours', 'ours', 'blocks/s', [90, 100, 120]),
      series('drain', 'limit', 'blocks/s', [125]),
      series('loop', 'peer', 'blocks/s', [10, 10]),
      series('ours', 'ours', 'CPU-s', [2]),
    ]);

    expect(results).toEqual([
      { subject: 'ours', unit: 'blocks/s', runs: 3, median: 100, min: 90, max: 120, ratioToOurs: 1, ratioToLimit: 0.8 },
      {
        subject: 'drain',
        unit: 'blocks/s',
        runs: 1,
        median: 125,
        min: 125,
        max: 125,
        ratioToOurs: 1.25,
        ratioToLimit: 1,
      },
      {
        subject: 'loop',
        unit: 'blocks/s',
        runs: 2,
        median: 10,
        min: 10,
        max: 10,
        ratioToOurs: 0.1,
        ratioToLimit: 0.08,
      },
      { subject: 'ours', unit: 'CPU-s', runs: 1, median: 2, min: 2, max: 2, ratioToOurs: 1, ratioToLimit: null },
    ]);
  });

  it('gives no ratio where there is nothing to divide by', () => {
    const [result] = compare([series('loop', 'peer', 's', [3]), series('ours', 'ours', 's', [0])]);

    expect(result).toMatchObject({ ratioToOurs: null, ratioToLimit: null });
  });

  it('leaves out a subject that was never timed', () => {
    expect(compare([series('loop', 'peer', 's', [])])).toEqual([]);
  });
});

function series(subject: string, role: Series['role'], unit: string, values: readonly number[]): Series {
  return { subject, role, unit, values };
}
