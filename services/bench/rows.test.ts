import { array, assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestRows, findFirstDifference, sortRows } from './rows.ts';

describe(digestRows, () => {
  it('does not depend on the order in which rows came', () => {
    const rows = array(string());
    assert(
      property(rows, (all) => {
        expect(digestRows(sortRows(all.toReversed()))).toBe(digestRows(sortRows(all)));
      }),
    );
  });

  it('tells rows apart that are the same text cut elsewhere', () => {
    expect(digestRows(['ab', 'c'])).not.toBe(digestRows(['a', 'bc']));
  });

  it('tells a doubled row', () => {
    expect(digestRows(['a', 'a'])).not.toBe(digestRows(['a']));
  });
});

describe(findFirstDifference, () => {
  it('finds nothing in equal lists', () => {
    expect(findFirstDifference(['a', 'b'], ['a', 'b'])).toBeUndefined();
  });

  it('finds the first row that differs', () => {
    expect(findFirstDifference(['a', 'b', 'd'], ['a', 'c', 'd'])).toEqual({ index: 1, left: 'b', right: 'c' });
  });

  it('finds a row that one side lacks at its end', () => {
    expect(findFirstDifference(['a'], ['a', 'b'])).toEqual({ index: 1, left: undefined, right: 'b' });
  });
});
