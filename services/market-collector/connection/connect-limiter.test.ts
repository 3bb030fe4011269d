import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ConnectUrgency, createConnectLimiter } from './connect-limiter.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

describe(createConnectLimiter, () => {
  it('allows nine tenths of the share in any five minutes', async () => {
    const limiter = createConnectLimiter({ connectsPer5Minutes: 300, share: 0.25 });
    const times: number[] = [];
    const never = new AbortController().signal;
    for (let at = 0; at < 300; at++) void limiter.acquire('lost', never).then(() => times.push(Date.now()));
    for (let minutes = 0; minutes < 30; minutes++) await vi.advanceTimersByTimeAsync(60_000);
    expect(times).toHaveLength(300);
    for (const from of times) {
      expect(times.filter((at) => at >= from && at < from + 300_000).length).toBeLessThanOrEqual(67);
    }
  });

  it('serves the lost before the first, and those before what only is replaced', async () => {
    const limiter = createConnectLimiter({ connectsPer5Minutes: 2 });
    const never = new AbortController().signal;
    const served: ConnectUrgency[] = [];
    for (const urgency of ['roll', 'roll', 'first', 'lost'] as const) {
      void limiter.acquire(urgency, never).then(() => served.push(urgency));
    }
    await vi.advanceTimersByTimeAsync(1_200_000);
    expect(served).toEqual(['roll', 'lost', 'first', 'roll']);
  });
});
