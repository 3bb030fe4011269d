import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findInstantMs, millisecondsOf, timeMax } from './unix-time.ts';

describe(millisecondsOf, () => {
  it('tells seconds from milliseconds by their size', () => {
    expect(millisecondsOf(1_695_211_200)).toBe(1_695_211_200_000);
    expect(millisecondsOf(1_695_211_200_000)).toBe(1_695_211_200_000);
    expect(millisecondsOf(99_999_999_999)).toBe(99_999_999_999_000);
    expect(millisecondsOf(100_000_000_000)).toBe(100_000_000_000);
    expect(millisecondsOf(0)).toBe(0);
  });
});

describe(findInstantMs, () => {
  it('takes Unix time, days of UTC, and times with their zone', () => {
    const atNoon = Date.UTC(2026, 0, 31, 12);
    expect(
      ['1769860800', '1769860800000', '2026-01-31T12:00Z', '2026-01-31T12:00:00.000Z', '2026-01-31T14:00:00+02:00'].map(
        findInstantMs,
      ),
    ).toEqual([atNoon, atNoon, atNoon, atNoon, atNoon]);
    expect(findInstantMs('2026-01-31T14:00:00 02:00')).toBe(atNoon);
    expect(findInstantMs('2026-01-31')).toBe(Date.UTC(2026, 0, 31));
    expect(findInstantMs('0')).toBe(0);
  });

  it.each([
    '',
    'now',
    '-1',
    '1.5',
    '1e9',
    '2026-01-31T12:00',
    '2026-02-30',
    '2026-02-30T12:00:00Z',
    '2026-13-01',
    '2026-01-31T25:00:00Z',
    '31.1.2026',
    '1969-12-31',
    '999999999999999',
  ])('refuses "%s"', (text) => {
    expect(findInstantMs(text)).toBeUndefined();
  });

  it('reads back what Date writes', () => {
    const ms = fc.integer({ min: 0, max: timeMax });
    fc.assert(
      fc.property(ms, (each) => {
        expect(findInstantMs(new Date(each).toISOString())).toBe(each);
      }),
    );
  });
});
