import { pino } from 'pino';
import { describe, expect, test, vi } from 'vitest';
import { buildBar, midnightMs } from '../datasets/market/bar-fixtures.ts';
import { RetryableError } from '../runtime/errors.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import { createMinuteMaker } from './market-minutes.ts';

const midnight = midnightMs / 1000;
const waiting = { timeout: 30_000, interval: 5 };

describe(createMinuteMaker, () => {
  test('makes what was touched at once, and what is touched meanwhile together, each minute once', async () => {
    const { maker, store, made } = setUp();
    store.wait = Promise.withResolvers();
    maker.touch([buildBar('AB', 1), buildBar('AB', 2)]);
    maker.touch([buildBar('AB', 3), buildBar('AB', 60), buildBar('CD', 61)]);
    maker.touch([buildBar('AB', 4)]);
    store.wait.resolve();
    await vi.waitFor(() => expect(made).toEqual([1, 3]), waiting);
    expect(store.commands).toEqual([
      { symbols: ['AB'], from: midnight, to: midnight + 60, minutes: [midnight] },
      { symbols: ['AB', 'CD'], from: midnight, to: midnight + 120, minutes: [midnight, midnight + 60] },
    ]);
    await maker.stop();
    expect(store.commands).toHaveLength(2);
  });

  test('asks for no more at once than a statement may make', async () => {
    const { maker, store, made } = setUp();
    maker.touch(Array.from({ length: 300 }, (_, at) => buildBar(`S${at}`, 0)));
    await vi.waitFor(() => expect(made).toEqual([300]), waiting);
    maker.touch(Array.from({ length: 100 }, (_, minute) => buildBar('AB', minute * 60)));
    await vi.waitFor(() => expect(made).toEqual([300, 100]), waiting);
    expect(store.commands.map(({ symbols, minutes }) => [symbols.length, minutes.length])).toEqual([
      [250, 1],
      [50, 1],
      [1, 60],
      [1, 40],
    ]);
    await maker.stop();
  });

  test('says why it cannot, and goes on once the store is there again', async () => {
    const { maker, store, made } = setUp();
    store.error = new RetryableError('away');
    maker.touch([buildBar('AB', 1)]);
    await vi.waitFor(() => expect(maker.trouble()).toBe('away'), waiting);
    maker.touch([buildBar('CD', 1)]);
    store.error = undefined;
    await vi.waitFor(() => expect(made.reduce((sum, count) => sum + count, 0)).toBe(2), waiting);
    expect(maker.trouble()).toBeUndefined();
    await maker.stop();
  });

  test('makes what is left when it is stopped, unless the store is away', async () => {
    const { maker, store, made } = setUp({ restMs: 600_000 });
    maker.touch([buildBar('AB', 1)]);
    await vi.waitFor(() => expect(made).toEqual([1]), waiting);
    maker.touch([buildBar('AB', 61)]);
    await maker.stop();
    expect(made).toEqual([1, 1]);
    store.error = new RetryableError('away');
    maker.touch([buildBar('AB', 121)]);
    await maker.stop();
    expect(made).toEqual([1, 1]);
  });
});

function setUp({ restMs = 1 } = {}) {
  const store = {
    commands: [] as { symbols: string[]; minutes: number[] }[],
    wait: undefined as PromiseWithResolvers<void> | undefined,
    error: undefined as Error | undefined,
  };
  const timeseries: Timeseries = {
    query: () => Promise.reject(new Error('nothing to query')),
    insert: () => Promise.reject(new Error('nothing to insert')),
    command: async (_sql, params) => {
      await store.wait?.promise;
      if (store.error !== undefined) throw store.error;
      store.commands.push(params as { symbols: string[]; minutes: number[] });
    },
  };
  const made: number[] = [];
  const log = pino({ level: 'silent' });
  const maker = createMinuteMaker({ timeseries, onMade: (count) => made.push(count), log, restMs });
  return { maker, store, made };
}
