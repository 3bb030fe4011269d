import type { Timeseries } from './timeseries.ts';

/**
 * The store for those who can do without it for a while: `prepare` (its tables) runs before the first call, and before each
 * later one until it has succeeded once. A call while it fails throws what it threw.
 */
export function createPreparedTimeseries(timeseries: Timeseries, prepare: () => Promise<unknown>): Timeseries {
  let prepared: Promise<unknown> | undefined;
  async function ready(): Promise<void> {
    prepared ??= prepare();
    const mine = prepared;
    try {
      await mine;
    } catch (error) {
      // Whoever comes next tries anew.
      if (prepared === mine) prepared = undefined;
      throw error;
    }
  }
  return {
    query: async (sql, params) => {
      await ready();
      return timeseries.query(sql, params);
    },
    command: async (sql, params) => {
      await ready();
      return timeseries.command(sql, params);
    },
    insert: async (table, rows, options) => {
      await ready();
      return timeseries.insert(table, rows, options);
    },
  };
}
