import { describe, expect, it } from 'vitest';
import { reconnectDelay } from './reconnect-delay.ts';

describe(reconnectDelay, () => {
  it('doubles for the quick attempts, is the longest after them, and is half random', () => {
    const policy = { quickAttempts: 5, delayMaxMs: 30_000 };
    const longest = [0, 1, 2, 3, 4, 5, 50].map((failures) => reconnectDelay(failures, policy, () => 1));
    const shortest = [0, 1, 2, 3, 4, 5, 50].map((failures) => reconnectDelay(failures, policy, () => 0));
    expect(longest).toEqual([250, 500, 1_000, 2_000, 4_000, 30_000, 30_000]);
    expect(shortest).toEqual(longest.map((ms) => ms / 2));
  });

  it('never waits longer than the longest', () => {
    expect(reconnectDelay(9, { quickAttempts: 20, delayMaxMs: 1_000 }, () => 1)).toBe(1_000);
  });
});
