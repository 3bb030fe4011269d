import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Timeseries } from '../../stores/timeseries.ts';
import type { Bar } from './bar.ts';
import { type BarStore, buildBar, buildTrades, openBarStore } from './bar-fixtures.ts';
import { rollUpBars } from './bar-roll-up.ts';
import { writeBars } from './timeseries.ts';

let store: BarStore;
beforeAll(async () => {
  store = await openBarStore();
});
afterAll(() => store[Symbol.asyncDispose]());
beforeEach(async () => {
  for (const table of [...lengths.map((length) => `market_bars_${length}`), 'market_rolled_up'])
    await store.timeseries.command(`TRUNCATE TABLE ${table}`);
});

describe(rollUpBars, () => {
  test('makes hours of minutes and days of hours, of every symbol', async () => {
    await write(
      buildBar('AB', 10, { traded: buildTrades(1, 10, 12) }),
      buildBar('AB', 3599, { traded: buildTrades(3, 9) }),
      buildBar('AB', 3600, { traded: buildTrades(4, 11) }),
      buildBar('AB', 86_400, { traded: buildTrades(5, 20) }),
      buildBar('CD', 7200),
    );
    await rollUpBars(store.timeseries);
    expect(await rowsOf('1h')).toMatchObject([
      { symbol: 'AB', time: '2026-11-20 00:00:00', open: '10', high: '12', low: '9', close: '9', trades: '3' },
      { symbol: 'AB', time: '2026-11-20 01:00:00', open: '11', trades: '1', seconds: 1 },
      { symbol: 'AB', time: '2026-11-21 00:00:00', open: '20' },
      { symbol: 'CD', time: '2026-11-20 02:00:00', trades: '0', seconds: 1, book_seconds: 1 },
    ]);
    expect(await rowsOf('1d')).toMatchObject([
      { symbol: 'AB', time: '2026-11-20 00:00:00', open: '10', close: '11', trades: '4', volume: '8', seconds: 3 },
      { symbol: 'AB', time: '2026-11-21 00:00:00', open: '20', close: '20' },
      { symbol: 'CD', time: '2026-11-20 00:00:00', seconds: 1 },
    ]);
  });

  test('makes anew what a late or revised second changes, and writes nothing else', async () => {
    const { written, timeseries } = counting(store.timeseries);
    await write(buildBar('AB', 0, { traded: buildTrades(1, 10) }), buildBar('AB', 3600), buildBar('CD', 0));
    await rollUpBars(timeseries);
    expect(await written('1h')).toBe(3);
    await rollUpBars(timeseries);
    expect(await written('1h')).toBe(3);
    await write(buildBar('AB', 0, { traded: buildTrades(1, 10), isTradesWhole: false, revision: 2 }));
    await rollUpBars(timeseries);
    expect(await written('1h')).toBe(4);
    expect(await written('1d')).toBe(3);
    await write(buildBar('AB', 59, { traded: buildTrades(2, 30) }));
    await rollUpBars(timeseries);
    expect(await rowsOf('1h')).toMatchObject([{ close: '30', trades_whole_seconds: 1 }, {}, {}]);
    expect(await rowsOf('1d')).toMatchObject([{ high: '30', seconds: 3, trades_whole_seconds: 2 }, {}]);
  });

  test('makes the minutes that a writer left behind which was killed before it made them', async () => {
    const killed: Timeseries = { ...store.timeseries, command: () => Promise.reject(new Error('killed')) };
    const bars = [buildBar('AB', 100), buildBar('AB', 7000, { traded: buildTrades(1, 10) })];
    await expect(writeBars(killed, bars, 'left behind')).rejects.toThrow('killed');
    expect(await rowsOf('1m')).toEqual([]);
    await rollUpBars(store.timeseries);
    expect(await rowsOf('1m')).toMatchObject([{ seconds: 1 }, { seconds: 1, trades: '1' }]);
    expect(await rowsOf('1d')).toMatchObject([{ seconds: 2, trades: '1' }]);
  });

  test('goes on where one was that was killed at any step', async () => {
    await write(...[0, 3600, 90_000, 400_000, 500_000].map((second) => buildBar('AB', second)));
    for (let steps = 0; steps < 8; steps++) {
      let left = steps;
      const killed: Timeseries = {
        ...store.timeseries,
        command: (sql, params) =>
          left-- > 0 ? store.timeseries.command(sql, params) : Promise.reject(new Error('killed')),
      };
      await rollUpBars(killed).catch(() => undefined);
    }
    await rollUpBars(store.timeseries);
    expect(await rowsOf('1h')).toHaveLength(5);
    expect(await rowsOf('1d')).toMatchObject([{ seconds: 2 }, { seconds: 1 }, { seconds: 1 }, { seconds: 1 }]);
  });

  test('looks only at what was stored since a while before the last time', async () => {
    await write(buildBar('AB', 0));
    const checkedTo = await rollUpBars(store.timeseries);
    expect(Math.abs(checkedTo - Date.now() / 1000)).toBeLessThan(600);
    await write(buildBar('AB', 1));
    await store.timeseries.command('INSERT INTO market_rolled_up SELECT toDateTime({to:UInt32})', {
      to: checkedTo + 3600,
    });
    await rollUpBars(store.timeseries);
    expect(await rowsOf('1h')).toMatchObject([{ seconds: 1 }]);
  });

  test('keeps a minute of which seconds are gone', async () => {
    await write(buildBar('AB', 0, { traded: buildTrades(1, 10) }), buildBar('AB', 1));
    await store.timeseries.command('TRUNCATE TABLE market_bars_1s');
    await store.timeseries.insert('market_bars_1s', [
      { symbol: 'AB', time: '2026-11-20 00:00:01', seconds: 1, version: 1 },
    ]);
    await rollUpBars(store.timeseries);
    expect(await rowsOf('1m')).toMatchObject([{ seconds: 2 }]);
    expect(await rowsOf('1d')).toMatchObject([{ seconds: 2, trades: '1' }]);
  });

  test('stops between two steps when it is told to', async () => {
    await write(buildBar('AB', 0));
    await expect(rollUpBars(store.timeseries, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    expect(await rowsOf('1h')).toEqual([]);
  });

  test('has nothing to do where nothing is stored', async () => {
    await rollUpBars(store.timeseries);
    expect(await rowsOf('1d')).toEqual([]);
  });
});

const lengths = ['1s', '1m', '1h', '1d'] as const;

let tokens = 0;
function write(...bars: Bar[]): Promise<number> {
  return writeBars(store.timeseries, bars, `token-${tokens++}`);
}

function rowsOf(length: (typeof lengths)[number]): Promise<object[]> {
  return store.timeseries.query(`SELECT * FROM market_bars_${length} FINAL ORDER BY symbol, time`);
}

/** Counts rows as they are written, those included that others replace. */
function counting(timeseries: Timeseries) {
  const totals = new Map<string, number>();
  const count = async (length: string): Promise<number> => {
    const [row] = await timeseries.query<{ rows: string }>(`SELECT count() AS rows FROM market_bars_${length}`);
    return Number(row?.rows);
  };
  return {
    written: async (length: string) => totals.get(length) ?? 0,
    timeseries: {
      ...timeseries,
      command: async (sql: string, params?: Record<string, unknown>) => {
        const length = /^INSERT INTO market_bars_(\w+)/.exec(sql)?.[1] ?? '';
        // Parts that are merged in the meantime lose the rows that were replaced.
        await timeseries.command(`SYSTEM STOP MERGES market_bars_${length}`);
        const before = await count(length);
        await timeseries.command(sql, params);
        totals.set(length, (totals.get(length) ?? 0) + (await count(length)) - before);
        await timeseries.command(`SYSTEM START MERGES market_bars_${length}`);
      },
    } satisfies Timeseries,
  };
}
