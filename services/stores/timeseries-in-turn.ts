import type { Slots } from '../runtime/slots.ts';
import type { Timeseries } from './timeseries.ts';

/** The store for those who may have only so many of its queries, commands and inserts under way at once; the others wait in turn. */
export function timeseriesInTurn(timeseries: Timeseries, { run }: Pick<Slots, 'run'>): Timeseries {
  return {
    query: (sql, params) => run(() => timeseries.query(sql, params)),
    command: (sql, params) => run(() => timeseries.command(sql, params)),
    insert: (table, rows, options) => run(() => timeseries.insert(table, rows, options)),
  };
}
