import { describe, expect, it } from 'vitest';
import { rangeOf } from './time.ts';

describe(rangeOf, () => {
  it('includes both bounds, and of a second all of it', () => {
    expect(rangeOf({ start_time: 1_695_211_200, end_time: 1_695_211_200 })).toEqual({
      fromMs: 1_695_211_200_000,
      toMs: 1_695_211_200_999,
    });
    expect(rangeOf({ end_time: 1_695_211_200_000 })).toEqual({ toMs: 1_695_211_200_000 });
    expect(rangeOf({})).toEqual({});
  });

  it('refuses bounds that are the wrong way round, also when one is in seconds', () => {
    expect(() => rangeOf({ start_time: 1_695_211_201_000, end_time: 1_695_211_200 })).toThrow('swap them');
  });
});
