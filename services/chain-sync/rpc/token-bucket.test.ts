import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createTokenBucket } from './token-bucket.ts';

const never = new AbortController().signal;

describe(createTokenBucket, () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('lets through what the budget of a second allows, then as much as flows in', async () => {
    const bucket = createTokenBucket(10);
    const taken = taking(bucket, 40);
    await vi.advanceTimersByTimeAsync(0);
    expect(taken.count).toBe(10);
    await vi.advanceTimersByTimeAsync(1000);
    expect(taken.count).toBeGreaterThanOrEqual(19);
    expect(taken.count).toBeLessThanOrEqual(21);
    await vi.advanceTimersByTimeAsync(2000);
    expect(taken.count).toBeGreaterThanOrEqual(39);
  });

  test('makes those who come after a batch larger than the budget wait for it', async () => {
    const bucket = createTokenBucket(10);
    await bucket.take(30, 'backfill', never);
    const taken = taking(bucket, 1);
    await vi.advanceTimersByTimeAsync(1900);
    expect(taken.count).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(taken.count).toBe(1);
  });

  test('serves the head before a backfill that waits longer', async () => {
    const bucket = createTokenBucket(1);
    await bucket.take(1, 'backfill', never);
    const order: string[] = [];
    void bucket.take(1, 'backfill', never).then(() => order.push('backfill'));
    void bucket.take(1, 'head', never).then(() => order.push('head'));
    await vi.advanceTimersByTimeAsync(2100);
    expect(order).toEqual(['head', 'backfill']);
  });

  test('halves its rate when told to slow down, and recovers by a tenth of the budget every ten seconds', async () => {
    const bucket = createTokenBucket(100);
    bucket.slowDown();
    bucket.slowDown();
    expect(bucket.ratePerSecond()).toBe(25);
    await vi.advanceTimersByTimeAsync(25_000);
    expect(bucket.ratePerSecond()).toBe(45);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(bucket.ratePerSecond()).toBe(55);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(bucket.ratePerSecond()).toBe(100);
    for (let times = 0; times < 20; times++) bucket.slowDown();
    expect(bucket.ratePerSecond()).toBe(100 / 16);
  });

  test('forgets who gave up, and leaves no timer behind that would keep the process alive', async () => {
    const bucket = createTokenBucket(1);
    await bucket.take(100, 'backfill', never);
    const abort = new AbortController();
    const waiting = [bucket.take(1, 'head', abort.signal), bucket.take(1, 'backfill', abort.signal)];
    expect(vi.getTimerCount()).toBe(1);
    abort.abort(new Error('stopped'));
    for (const each of waiting) await expect(each).rejects.toThrow('stopped');
    await expect(bucket.take(1, 'head', abort.signal)).rejects.toThrow('stopped');
    expect(vi.getTimerCount()).toBe(0);
  });
});

function taking(bucket: ReturnType<typeof createTokenBucket>, times: number): { count: number } {
  const taken = { count: 0 };
  for (let time = 0; time < times; time++) void bucket.take(1, 'backfill', never).then(() => taken.count++);
  return taken;
}
