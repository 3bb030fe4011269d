import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { intervalsOf } from './chain-store-model.ts';
import {
  countOf,
  findIntervalOf,
  gapsIn,
  type Interval,
  type Intervals,
  parseMultirange,
  removeInterval,
} from './intervals.ts';

// Every function against the plainest set of numbers.

describe(removeInterval, () => {
  test('leaves the numbers that are not removed, and no empty intervals', () => {
    fc.assert(
      fc.property(numbers, interval, (held, removed) => {
        const left = held.filter((number) => number < removed.from || number > removed.to);
        expect(removeInterval(intervalsOf(held), removed)).toEqual(intervalsOf(left));
      }),
    );
  });
});

describe(gapsIn, () => {
  test('gives the numbers of the whole that are not held', () => {
    fc.assert(
      fc.property(numbers, interval, (held, whole) => {
        expect(gapsIn(intervalsOf(held), whole)).toEqual(
          intervalsOf(numbersIn(whole).filter((each) => !held.includes(each))),
        );
      }),
    );
  });

  test('has none in an empty whole', () => {
    expect(gapsIn([], { from: 5, to: 4 })).toEqual([]);
  });
});

describe(findIntervalOf, () => {
  test('finds the interval that holds a number, and only then', () => {
    fc.assert(
      fc.property(numbers, fc.integer({ min: -1, max: 41 }), (held, number) => {
        const found = findIntervalOf(intervalsOf(held), number);
        expect(found !== undefined).toBe(held.includes(number));
        if (found !== undefined) expect(numbersIn(found)).toContain(number);
      }),
    );
  });
});

describe(countOf, () => {
  test('counts the numbers held', () => {
    fc.assert(
      fc.property(numbers, (held) => {
        expect(countOf(intervalsOf(held))).toBe(new Set(held).size);
      }),
    );
  });
});

describe(parseMultirange, () => {
  test('reads what PostgreSQL writes', () => {
    fc.assert(
      fc.property(numbers, (held) => {
        expect(parseMultirange(textOf(intervalsOf(held)))).toEqual(intervalsOf(held));
      }),
    );
    expect(parseMultirange('{}')).toEqual([]);
    expect(parseMultirange('{[0,9007199254740991)}')).toEqual([{ from: 0, to: Number.MAX_SAFE_INTEGER - 1 }]);
  });

  test.each(['', '{[0,5]}', '{(0,5)}', '{[0,)}', '{[0,5)', 'x', '{[0,9007199254740993)}', '{[0,5)[7,9)}'])(
    'refuses %s',
    (text) => {
      expect(() => parseMultirange(text)).toThrow(/not an int8multirange/);
    },
  );
});

const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 30 });
const interval = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.nat(20))
  .map(([from, length]): Interval => ({ from, to: from + length }));

function numbersIn({ from, to }: Interval): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

function textOf(intervals: Intervals): string {
  return `{${intervals.map(({ from, to }) => `[${from},${to + 1})`).join(',')}}`;
}
