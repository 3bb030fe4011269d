import type { Timeseries } from '../stores/timeseries.ts';

/** The store for those who may have only so many of its queries, commands and inserts under way at once; the others wait in turn. */
export function limitQueries(timeseries: Timeseries, max: number): Timeseries {
  const waiting: (() => void)[] = [];
  let free = max;
  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  }
  return {
    query: (sql, params) => inTurn(() => timeseries.query(sql, params)),
    command: (sql, params) => inTurn(() => timeseries.command(sql, params)),
    insert: (table, rows, options) => inTurn(() => timeseries.insert(table, rows, options)),
  };
}
