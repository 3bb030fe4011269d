import { ConfigurationError, RetryableError } from '../runtime/errors.ts';
import type { Timeseries } from './timeseries.ts';

/**
 * The store for those who can do without it for a while: `prepare` (its tables) runs before the first call, and before each
 * later one until it has succeeded once. A call while it fails throws what it threw, as a RetryableError unless it is a
 * ConfigurationError: what is written is not at fault.
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
      if (error instanceof RetryableError || error instanceof ConfigurationError) throw error;
      throw new RetryableError('preparing the tables', { cause: error });
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
