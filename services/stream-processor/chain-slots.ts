import { createSlots } from '../runtime/slots.ts';
import type { Timeseries } from '../stores/timeseries.ts';

/** The store for those who may have only so many of its queries, commands and inserts under way at once; the others wait in turn. */
export function limitQueries(timeseries: Timeseries, max: number): Timeseries {
  const { run } = createSlots({ max });
  return {
    query: (sql, params) => run(() => timeseries.query(sql, params)),
    command: (sql, params) => run(() => timeseries.command(sql, params)),
    insert: (table, rows, options) => run(() => timeseries.insert(table, rows, options)),
  };
}
