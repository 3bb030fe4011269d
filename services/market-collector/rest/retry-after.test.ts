import { describe, expect, it } from 'vitest';
import { parseRetryAfter } from './retry-after.ts';

describe(parseRetryAfter, () => {
  it.each([
    ['30', 40_000],
    [' 0 ', 10_000],
    [['5', '9'], 15_000],
    ['Thu, 01 Jan 1970 00:01:00 GMT', 60_000],
    ['Thu, 01 Jan 1970 00:00:01 GMT', 10_000],
    ['soon', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%s', (header, expected) => {
    expect(parseRetryAfter(header, 10_000)).toBe(expected);
  });
});
