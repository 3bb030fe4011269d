import { describe, expect, test } from 'vitest';
import { createSlidingSum } from './rate.ts';

describe(createSlidingSum, () => {
  test('forgets what is older than its window, and what it no longer needs', () => {
    const clock = { now: 0 };
    const sum = createSlidingSum(10_000, () => clock.now);
    sum.add(5);
    clock.now = 5_000;
    sum.add(7);
    expect(sum.sum()).toBe(12);
    expect(sum.perSecond()).toBe(12 / 5);
    clock.now = 10_500;
    expect(sum.sum()).toBe(7);
    clock.now = 60_000;
    expect(sum.perSecond()).toBe(0);
  });

  test('takes the first second for a whole one', () => {
    const clock = { now: 0 };
    const sum = createSlidingSum(10_000, () => clock.now);
    sum.add(5);
    clock.now = 1;
    expect(sum.perSecond()).toBe(5);
  });
});
