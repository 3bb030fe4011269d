import { describe, expect, it } from 'vitest';
import { createCounters } from './cache-counters.ts';

describe(createCounters, () => {
  it('tells no more time to wait than a window is long when the clock steps back', () => {
    let now = 1_000;
    const count = createCounters({ countersMax: 10, now: () => now });
    count('a', 60_000);
    now = 999.9;
    expect(count('a', 60_000)).toEqual({ count: 2, resetMs: 60_000 });
  });

  it('begins anew once the window is over, to the millisecond', () => {
    let now = 0.1;
    const count = createCounters({ countersMax: 10, now: () => now });
    expect(count('a', 20)).toEqual({ count: 1, resetMs: 20 });
    now = 20.1;
    expect(count('a', 20)).toMatchObject({ count: 1 });
  });

  it('forgets the one called longest ago beyond its limit', () => {
    const count = createCounters({ countersMax: 2, now: () => 0 });
    for (const key of ['a', 'b', 'a', 'c']) count(key, 20);
    expect(count('a', 20)).toMatchObject({ count: 3 });
    expect(count('b', 20)).toMatchObject({ count: 1 });
  });
});
