import type { Timeseries } from '../../stores/timeseries.ts';

/** The tables whose rows are kept for a while, and Unix seconds of a row's age. */
const ages = {
  chain_blocks: 'toUnixTimestamp(timestamp)',
  chain_txs: 'toUnixTimestamp(timestamp)',
  chain_logs: 'toUnixTimestamp(timestamp)',
  chain_finality: 'intDiv(observed_at_ms, 1000)',
  chain_touched: 'toUnixTimestamp(start)',
} as const;

const daySeconds = 86_400;
/** For clocks that differ, for parents that are older than their blocks, and for the time that a computation takes. */
const marginSeconds = daySeconds;

/**
 * From when on all raw rows are certainly there, in Unix seconds: only windows that begin then or later may be computed. What was
 * computed of a window before is better than what could be of the rows that are left.
 * @param days For how long raw rows are kept; undefined for ever.
 * @param goneTo See `readGoneTo`.
 */
export function rawKeptFrom(days: number | undefined, nowMs: number, goneTo = 0): number {
  if (days === undefined) return goneTo;
  return Math.max(goneTo, Math.floor(nowMs / 1000) - days * daySeconds + marginSeconds);
}

/** Unix seconds: rows from before may have gone while they were kept for a shorter time than now; 0 if none has. */
export async function readGoneTo(timeseries: Timeseries): Promise<number> {
  const [row] = await timeseries.query<{ comment: string }>(
    `SELECT comment FROM system.tables WHERE database = currentDatabase() AND name = 'chain_blocks'`,
  );
  return Number(/^rows from before (\d+) /.exec(row?.comment ?? '')?.[1] ?? 0);
}

/**
 * Has the store drop raw rows that are older than so many days, a part at a time once all of it is; undefined keeps them for ever. Nothing
 * is done where that is so already: several processes may ask for it at once. Returns the tables that were changed. Parts that are there
 * are not written anew: it is noted of each, in the background, when it is to go.
 */
export async function keepRawFor(timeseries: Timeseries, days: number | undefined, nowMs: number): Promise<string[]> {
  const names = Object.keys(ages).map((table) => `'${table}'`);
  const rows = await timeseries.query<{ name: string; engine_full: string }>(
    `SELECT name, engine_full FROM system.tables WHERE database = currentDatabase() AND name IN (${names.join()})`,
  );
  const standing = new Map(rows.map(({ name, engine_full: engine }) => [name, findTtlDays(engine)]));
  const before = standing.get('chain_blocks');
  if (before !== undefined && before < (days ?? Number.POSITIVE_INFINITY)) {
    // To keep rows for longer brings none back.
    const goneTo = rawKeptFrom(before, nowMs, await readGoneTo(timeseries));
    await timeseries.command(`ALTER TABLE chain_blocks MODIFY COMMENT 'rows from before ${goneTo} may be gone'`);
  }
  const changed = Object.entries(ages).filter(([table]) => standing.get(table) !== days);
  // Blocks last: as long as theirs stands, what is said of them above is not forgotten.
  for (const [table, age] of changed.reverse()) {
    const change = days === undefined ? 'REMOVE TTL' : `MODIFY TTL ${ttlOf(age, days)}`;
    await timeseries.command(`ALTER TABLE ${table} ${change}`);
  }
  return changed.map(([table]) => table);
}

/** A DateTime ends in 2106 and would begin again, and chains for tests have blocks of any time. */
function ttlOf(age: string, days: number): string {
  return `toDateTime(least(${age} + ${days * daySeconds}, 4294967295), 'UTC')`;
}

/** What `ttlOf` was made with, by a table's definition as the store gives it; undefined without a TTL. */
function findTtlDays(engine: string): number | undefined {
  const seconds = /\bTTL\b.*?\+ (\d+),/.exec(engine)?.[1];
  return seconds === undefined ? undefined : Number(seconds) / daySeconds;
}
