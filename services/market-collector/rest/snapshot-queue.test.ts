import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DepthSnapshot } from '../binance/messages.ts';
import { ExchangeError } from './exchange-error.ts';
import { createSnapshotQueue, type SnapshotQueueOptions } from './snapshot-queue.ts';
import { createWeightBudget } from './weight-budget.ts';

beforeEach(() => void vi.useFakeTimers({ now: 10_000 }));
afterEach(() => void vi.useRealTimers());

describe(createSnapshotQueue, () => {
  it('asks for resyncs before deepenings, the most liquid first', async () => {
    const { queue, asked, answer } = queueOf({ inFlightMax: 1, priorities: { BTC: 10, ETH: 9, DOGE: 2 } });
    queue.want('BTC', 'deepen', 5000);
    queue.want('DOGE', 'resync', 1000);
    queue.want('ETH', 'resync', 1000);
    for (let at = 0; at < 3; at++) {
      await vi.advanceTimersByTimeAsync(1);
      answer(asked.at(-1)?.symbol ?? '');
    }
    expect(asked.map(({ symbol, levels }) => [symbol, levels])).toEqual([
      ['ETH', 1000],
      ['DOGE', 1000],
      ['BTC', 5000],
    ]);
  });

  it('never calls back at once, nor asks for a symbol twice at a time', async () => {
    const { queue, asked, answer, got } = queueOf({});
    queue.want('BTC', 'resync', 1000);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    queue.want('BTC', 'resync', 1000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked).toHaveLength(1);
    answer('BTC');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked).toHaveLength(1);
    expect(got).toEqual([{ symbol: 'BTC', receivedAtMs: 11_001 }]);
  });

  it('asks again for more levels that were wished for meanwhile', async () => {
    const { queue, asked, answer } = queueOf({});
    queue.want('BTC', 'resync', 1000);
    await vi.advanceTimersByTimeAsync(1);
    queue.want('BTC', 'deepen', 5000);
    answer('BTC');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked.map(({ levels }) => levels)).toEqual([1000, 5000]);
  });

  it('has no more in flight than it may', async () => {
    const { queue, asked, answer } = queueOf({ inFlightMax: 3 });
    for (let at = 0; at < 10; at++) queue.want(`S${at}`, 'resync', 1000);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(3);
    answer('S0');
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(4);
    expect(queue.stats()).toMatchObject({ waiting: 6, inFlight: 3, delivered: 1, failed: 0 });
  });

  it('asks ever more rarely for a symbol that fails, and for the others as if nothing were', async () => {
    const { queue, asked, answer } = queueOf({ random: () => 1 });
    queue.want('BAD', 'resync', 1000);
    await vi.advanceTimersByTimeAsync(1);
    const times: number[] = [];
    for (let at = 0; at < 12; at++) {
      times.push(Date.now());
      const before = asked.length;
      answer('BAD', new ExchangeError('refused', 'Invalid symbol.'));
      while (asked.length === before) await vi.advanceTimersByTimeAsync(100);
      queue.want(`GOOD${at}`, 'resync', 1000);
      await vi.advanceTimersByTimeAsync(1);
      expect(asked.at(-1)?.symbol).toBe(`GOOD${at}`);
      answer(`GOOD${at}`);
    }
    const pauses = times.slice(1).map((at, index) => Math.round((at - (times[index] ?? 0)) / 1000));
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    expect(queue.stats().failed).toBe(12);
  });

  it('is back within half a minute when it was the exchange that had trouble', async () => {
    const { queue, asked, answer } = queueOf({ random: () => 1 });
    queue.want('BTC', 'resync', 1000);
    for (let at = 0; at < 20; at++) {
      await vi.advanceTimersByTimeAsync(30_001);
      expect(asked).toHaveLength(at + 1);
      answer('BTC', new ExchangeError('unreachable', 'no route'));
    }
  });

  it('does not blame a symbol for a throttle', async () => {
    const { queue, asked, answer } = queueOf({});
    queue.want('BTC', 'resync', 1000);
    await vi.advanceTimersByTimeAsync(1);
    answer('BTC', new ExchangeError('throttled', 'HTTP 429', { retryAtMs: 99_000 }));
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(2);
  });

  it('slows down for a symbol that is never settled by what it gets', async () => {
    const times: number[] = [];
    const { queue, asked, answer } = queueOf({
      random: () => 1,
      onSnapshot: (symbol) => {
        times.push(Date.now());
        queue.want(symbol, 'resync', 1000);
      },
    });
    queue.want('BTC', 'resync', 1000);
    for (let ms = 0; ms < 200_000; ms += 50) {
      await vi.advanceTimersByTimeAsync(50);
      if (asked.length > times.length) answer('BTC');
    }
    const pauses = times.slice(1).map((at, index) => Math.round((at - (times[index] ?? 0)) / 500) / 2);
    expect(pauses.slice(0, 9)).toEqual([0, 0.5, 1, 2, 4, 8, 16, 30, 30]);
  });

  it('forgets a cancelled symbol, and ends the request that is under way', async () => {
    const { queue, asked, got } = queueOf({});
    queue.want('BTC', 'resync', 1000);
    await vi.advanceTimersByTimeAsync(1);
    queue.cancel('BTC');
    await vi.advanceTimersByTimeAsync(100_000);
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true]);
    expect(got).toEqual([]);
    expect(queue.stats()).toMatchObject({ waiting: 0, inFlight: 0 });
  });

  it('asks anew, with the haste of a lost book, for one that is lost while it is deepened', async () => {
    const { queue, asked, answer, got } = queueOf({});
    queue.want('BTC', 'deepen', 1000);
    await vi.advanceTimersByTimeAsync(1);
    queue.want('BTC', 'resync', 1000);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked.map(({ priority, signal }) => [priority, signal.aborted])).toEqual([
      [5, true],
      [105, false],
    ]);
    answer('BTC');
    await vi.advanceTimersByTimeAsync(100_000);
    expect(asked).toHaveLength(2);
    expect(got).toHaveLength(1);
  });

  it.each([0, 100])('is no quicker for a symbol whose line flaps, with answers after %i ms', async (answerAfterMs) => {
    const { queue, asked, answer } = queueOf({ random: () => 1 });
    for (let flap = 0; flap < 1_000; flap++) {
      queue.want('BTC', 'resync', 1000);
      await vi.advanceTimersByTimeAsync(answerAfterMs + 1);
      answer('BTC');
      await vi.advanceTimersByTimeAsync(100 - answerAfterMs);
      queue.cancel('BTC');
    }
    // After 0, 0.5, 1, 2, 4, 8, 16, 30, 30 s.
    expect(asked.length).toBeLessThanOrEqual(11);
    expect(asked.length).toBeGreaterThan(7);
  });

  it('is no quicker for a symbol that fails when its line flaps', async () => {
    const { queue, asked, answer } = queueOf({ random: () => 1 });
    for (let flap = 0; flap < 100; flap++) {
      queue.want('BAD', 'resync', 1000);
      await vi.advanceTimersByTimeAsync(1);
      answer('BAD', new ExchangeError('refused', 'Invalid symbol.'));
      await vi.advanceTimersByTimeAsync(999);
      queue.cancel('BAD');
    }
    expect(asked.length).toBeLessThanOrEqual(7);
  });

  it('goes by what has passed, whatever is done to the clock', async () => {
    const { queue, asked, answer } = queueOf({ random: () => 1 });
    queue.want('BTC', 'resync', 1000);
    await vi.advanceTimersByTimeAsync(1);
    answer('BTC', new ExchangeError('unreachable', 'no route'));
    await vi.advanceTimersByTimeAsync(1);
    vi.setSystemTime(Date.now() - 3_600_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked).toHaveLength(2);
  });

  it('goes on when a consumer throws', async () => {
    const { queue, asked, answer } = queueOf({
      onSnapshot: () => {
        throw new Error('not today');
      },
    });
    queue.want('BTC', 'resync', 1000);
    queue.want('ETH', 'resync', 1000);
    await vi.advanceTimersByTimeAsync(1);
    answer('BTC');
    answer('ETH');
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(2);
    expect(queue.stats()).toMatchObject({ delivered: 2, inFlight: 0 });
  });

  it('leaves nothing running when it is stopped', async () => {
    const { queue, asked } = queueOf({ inFlightMax: 1 });
    for (const symbol of ['BTC', 'ETH']) queue.want(symbol, 'resync', 1000);
    await vi.advanceTimersByTimeAsync(1);
    queue.stop();
    await vi.advanceTimersByTimeAsync(100_000);
    expect(asked.map(({ signal }) => signal.aborted)).toEqual([true]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps a storm of 200 resyncs in the budget, and serves all of them', async () => {
    const budget = createWeightBudget({ weightPerMinute: 6000 });
    const perMinute = new Map<number, number>();
    const served: number[] = [];
    const queue = createSnapshotQueue({
      load: async (_symbol, _levels, priority, signal) => {
        await budget.acquire(50, priority, signal);
        const minute = Math.floor(Date.now() / 60_000);
        perMinute.set(minute, (perMinute.get(minute) ?? 0) + 50);
        return snapshot;
      },
      priorityOf: (symbol) => 10 - Math.floor(Number(symbol) / 20),
      onSnapshot: (symbol) => served.push(Number(symbol)),
      log: pino({ level: 'silent' }),
    });
    for (let at = 199; at >= 0; at--) queue.want(String(at), 'resync', 1000);
    await vi.advanceTimersByTimeAsync(180_000);
    expect(served).toHaveLength(200);
    expect([...perMinute.values()]).toEqual([5400, 4600]);
    // The most liquid are in the first minute.
    expect(Math.max(...served.slice(0, 100))).toBeLessThan(100);
  });
});

const snapshot: DepthSnapshot = { lastUpdateId: 1, eventTimeMs: undefined, bids: '[]', asks: '[]', limit: 1000 };

interface Asked {
  readonly symbol: string;
  readonly levels: number;
  readonly priority: number;
  readonly signal: AbortSignal;
  readonly settle: (error?: Error) => void;
}

function queueOf(options: Partial<SnapshotQueueOptions> & { priorities?: Readonly<Record<string, number>> }) {
  const asked: Asked[] = [];
  const got: { readonly symbol: string; readonly receivedAtMs: number }[] = [];
  const { priorities = {}, ...given } = options;
  const queue = createSnapshotQueue({
    load: (symbol, levels, priority, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        asked.push({
          symbol,
          levels,
          priority,
          signal,
          settle: (error) => (error === undefined ? resolve(snapshot) : reject(error)),
        });
      }),
    priorityOf: (symbol) => priorities[symbol] ?? 5,
    onSnapshot: (symbol, _snapshot, receivedAtMs) => got.push({ symbol, receivedAtMs }),
    log: pino({ level: 'silent' }),
    ...given,
  });
  const answer = (symbol: string, error?: Error): void => {
    asked.findLast((one) => one.symbol === symbol)?.settle(error);
  };
  return { queue, asked, got, answer };
}
