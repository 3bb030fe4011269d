import { describe, expect, it } from 'vitest';
import { createWeightLimit, createWindowLimit } from './rate-limits.ts';

describe(createWeightLimit, () => {
  it('counts by address and minute', () => {
    const { use, at } = limitOf();
    expect(use('a', 60)).toMatchObject({ status: 200, usedWeight: 60 });
    expect(use('a', 40)).toMatchObject({ status: 200, usedWeight: 100 });
    expect(use('b', 1)).toMatchObject({ status: 200, usedWeight: 1 });
    at(60_000);
    expect(use('a', 5)).toMatchObject({ status: 200, usedWeight: 5 });
  });

  it('refuses what is over the limit until the minute is over, and counts that too', () => {
    const { use, at } = limitOf();
    at(50_500);
    use('a', 100);
    expect(use('a', 5)).toEqual({ status: 429, usedWeight: 105, retryAfterSeconds: 10, nth: 1 });
    at(60_000);
    expect(use('a', 5).status).toBe(200);
  });

  it('bans whoever goes on, twice as long each time', () => {
    const { use, at } = limitOf();
    use('a', 100);
    expect([1, 2, 3].map(() => use('a', 5).status)).toEqual([429, 429, 418]);
    expect(use('a', 5)).toMatchObject({ status: 418, retryAfterSeconds: 120 });
    at(119_000);
    expect(use('a', 5)).toMatchObject({ status: 418, retryAfterSeconds: 1 });
    at(120_000);
    expect(use('a', 5).status).toBe(200);
    use('a', 100);
    use('a', 1);
    expect(use('a', 1)).toMatchObject({ status: 418, retryAfterSeconds: 240 });
  });
});

describe(createWindowLimit, () => {
  it('lets so many into any such time', () => {
    let nowMs = 0;
    const allows = createWindowLimit(2, 1000, () => nowMs);
    expect([allows(), allows(), allows()]).toEqual([true, true, false]);
    nowMs = 1000;
    expect(allows()).toBe(true);
  });
});

function limitOf() {
  let nowMs = 0;
  const limit = createWeightLimit({ perMinute: 100, refusalsToBan: 2, banMs: 120_000, clock: () => nowMs });
  return {
    use: limit.use,
    at: (ms: number) => {
      nowMs = ms;
    },
  };
}
