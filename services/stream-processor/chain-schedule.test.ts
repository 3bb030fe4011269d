import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { Timeseries } from '../stores/timeseries.ts';
import { scheduleWindows, windowPace } from './chain-schedule.ts';

const patience = { timeout: 30_000, interval: 20 };
const paceMs = { minute: 0, hour: 60_000, day: 60_000, search: 60_000 };
const log = pino({ level: 'silent' });
const owns = (): boolean => true;

describe(windowPace, () => {
  test('is what is set for windows of every size, and sooner on a laptop than in a cluster while nothing is', () => {
    expect(windowPace(2, false)).toMatchObject({ minute: 2_000, hour: 2_000, day: 2_000 });
    expect(windowPace(undefined, true).day).toBeLessThan(windowPace(undefined, false).day);
  });
});

describe(scheduleWindows, () => {
  test('finds what others left, and more once that is done', async () => {
    const behind = new Set(Array.from({ length: 5_000 }, (_, at) => at * 60));
    const computed: number[][] = [];
    const schedule = scheduleWindows({
      timeseries: storeOf({ left: behind }),
      compute: async (_network, size, starts) => {
        if (size !== 'minute') return;
        computed.push([...starts]);
        for (const start of starts) behind.delete(start);
      },
      ...{ log, paceMs, owns },
    });
    await expect.poll(() => behind.size, patience).toBe(0);
    await schedule.stop();
    // The newest first, some at a time.
    expect(computed.flat()).toEqual(Array.from({ length: 5_000 }, (_, at) => (4_999 - at) * 60));
    expect(Math.max(...computed.map(({ length }) => length))).toBe(240);
  });

  test('computes what is touched while it is being computed again', async () => {
    const first = Promise.withResolvers<void>();
    const computed: number[][] = [];
    const schedule = scheduleWindows({
      timeseries: storeOf({}),
      compute: async (_network, size, starts) => {
        if (size !== 'minute') return;
        computed.push([...starts]);
        await first.promise;
      },
      ...{ log, paceMs, owns },
    });
    schedule.touch('a', [60]);
    await expect.poll(() => computed.length, patience).toBe(1);
    schedule.touch('a', [60, 120]);
    first.resolve();
    await expect.poll(() => computed, patience).toEqual([[60], [120, 60]]);
    await schedule.stop();
  });

  test('searches the networks alone whose messages come here, each when they begin to', async () => {
    const store = storeOf({ left: new Set([60]), networks: ['a', 'b', 'c'] });
    const own = new Set(['a']);
    const computed: string[] = [];
    const schedule = scheduleWindows({
      timeseries: store,
      owns: (network) => own.has(network),
      compute: async (network, size) => {
        if (size === 'minute') computed.push(network);
      },
      ...{ log, paceMs },
    });
    await expect.poll(() => computed, patience).toContain('a');
    // Its process was killed, or lost it.
    own.add('b');
    own.delete('a');
    await expect.poll(() => computed, patience).toContain('b');
    await schedule.stop();
    expect([...new Set(store.searched)]).toEqual(['a', 'b']);
    // Once for all sizes, and again as there is more to hear of when networks come.
    expect(store.asked).toBeLessThanOrEqual(2);
  });

  test('drops what is noted of a network that is lost, and computes what a batch in hand touches after that', async () => {
    const own = new Set(['a']);
    const first = Promise.withResolvers<void>();
    const computed: number[][] = [];
    const schedule = scheduleWindows({
      timeseries: storeOf({}),
      owns: (network) => own.has(network),
      compute: async (_network, size, starts) => {
        if (size !== 'minute') return;
        computed.push([...starts]);
        await first.promise;
      },
      ...{ log, paceMs },
    });
    schedule.touch('a', [60]);
    await expect.poll(() => computed, patience).toEqual([[60]]);
    schedule.touch('a', [120]);
    own.delete('a');
    schedule.touch('a', [180]);
    first.resolve();
    await expect.poll(() => computed, patience).toEqual([[60], [180]]);
    own.add('a');
    schedule.touch('a', [240]);
    await expect.poll(() => computed, patience).toEqual([[60], [180], [240]]);
    await schedule.stop();
  });

  test('says nothing of a network that is lost', async () => {
    let isOwn = true;
    const schedule = scheduleWindows({
      timeseries: storeOf({}),
      owns: () => isOwn,
      compute: () => Promise.reject(new Error('too large')),
      ...{ log, paceMs },
    });
    schedule.touch('a', [60]);
    await expect.poll(() => schedule.trouble(), patience).toContain('too large');
    isOwn = false;
    await expect.poll(() => schedule.trouble(), patience).toBeUndefined();
    await schedule.stop();
  });

  test('rests no longer for the time in which the store stood still', async () => {
    let computed = 0;
    const schedule = scheduleWindows({
      timeseries: storeOf({}),
      compute: async (_network, size) => {
        if (size !== 'minute') return;
        computed += 1;
        // Ten times as long would be more than the test's patience.
        if (computed === 1) await new Promise((resolve) => setTimeout(resolve, 3_500));
      },
      ...{ log, owns },
      paceMs: { ...paceMs, minute: 10 },
    });
    schedule.touch('a', [60]);
    await expect.poll(() => computed, patience).toBe(1);
    schedule.touch('a', [120]);
    await expect.poll(() => computed, patience).toBe(2);
    await schedule.stop();
  }, 40_000);

  test('lets no network wait for one that fails, says why, and tries that one again', async () => {
    let isBroken = true;
    const computed: string[] = [];
    const schedule = scheduleWindows({
      timeseries: storeOf({}),
      compute: async (network, size) => {
        if (size !== 'minute') return;
        if (network === 'bad' && isBroken) throw new Error('too large');
        computed.push(network);
      },
      ...{ log, paceMs, owns },
    });
    schedule.touch('bad', [60]);
    schedule.touch('good', [60]);
    await expect.poll(() => computed, patience).toEqual(['good']);
    expect(schedule.trouble()).toContain('too large');
    isBroken = false;
    await expect.poll(() => computed, patience).toEqual(['good', 'bad']);
    await expect.poll(() => schedule.trouble(), patience).toBeUndefined();
    await schedule.stop();
  });
});

/** One that has marks of the minutes `left` of networks, of which no window is computed. Says who was searched for, and how often it was asked whom there are. */
function storeOf(has: { readonly left?: ReadonlySet<number>; readonly networks?: readonly string[] }) {
  const { left = new Set<number>(), networks = ['a'] } = has;
  const store = { searched: [] as unknown[], asked: 0 };
  const query = async (sql: string, params?: Record<string, unknown>): Promise<object[]> => {
    if (sql.startsWith('SELECT DISTINCT network')) {
      store.asked += 1;
      return left.size === 0 ? [] : networks.map((network) => ({ network }));
    }
    store.searched.push(params?.network);
    if (params?.size !== 'minute') return [];
    const newest = [...left].sort((a, b) => b - a).slice(0, params.limit as number);
    return newest.map((start) => ({ window: String(start) }));
  };
  return Object.assign(store, {
    query: query as Timeseries['query'],
    command: () => Promise.reject(new Error('nothing to command')),
    insert: () => Promise.reject(new Error('nothing to insert')),
  });
}
