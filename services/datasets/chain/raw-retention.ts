import type { Timeseries } from '../../stores/timeseries.ts';

interface Aged {
  /** By what time its rows are in fortnights, which are its partitions. */
  readonly time: string;
  /** For so many days longer than is asked for. */
  readonly moreDays: number;
}

/** The tables whose rows are kept for a while. Blocks go first: what is of a block that is not there is not counted, and no block lacks its own. */
const aged = {
  chain_blocks: { time: 'timestamp', moreDays: 0 },
  chain_txs: { time: 'timestamp', moreDays: 1 },
  chain_logs: { time: 'timestamp', moreDays: 1 },
  chain_finality: { time: `toDateTime(intDiv(observed_at_ms, 1000), 'UTC')`, moreDays: 1 },
  chain_touched: { time: 'start', moreDays: 1 },
} as const satisfies Record<string, Aged>;

const tablesOfRaw = Object.keys(aged) as (keyof typeof aged)[];

const daySeconds = 86_400;
const fortnightDays = 14;
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
 * Has the store drop raw rows that are older than so many days, a fortnight at once when all of it is; undefined keeps them for ever. Nothing
 * is done where that is so already: several processes may ask for it at once. Returns the tables that were changed. Parts that are there
 * are not written anew: it is noted of each, in the background, when it is to go.
 */
export async function keepRawFor(timeseries: Timeseries, days: number | undefined, nowMs: number): Promise<string[]> {
  const names = tablesOfRaw.map((table) => `'${table}'`);
  const rows = await timeseries.query<{ name: string; engine_full: string }>(
    `SELECT name, engine_full FROM system.tables WHERE database = currentDatabase() AND name IN (${names.join()})`,
  );
  const engines = new Map(rows.map(({ name, engine_full: engine }) => [name, engine]));
  const daysOf = (table: keyof typeof aged): number | undefined =>
    findTtlDays(engines.get(table) ?? '', aged[table].moreDays);
  const before = daysOf('chain_blocks');
  if (before !== undefined && before < (days ?? Number.POSITIVE_INFINITY)) {
    // To keep rows for longer brings none back.
    const goneTo = rawKeptFrom(before, nowMs, await readGoneTo(timeseries));
    await timeseries.command(`ALTER TABLE chain_blocks MODIFY COMMENT 'rows from before ${goneTo} may be gone'`);
  }
  // Blocks last: as long as theirs stands, what is said of them above is not forgotten.
  const changed = tablesOfRaw.toReversed().filter((table) => daysOf(table) !== days);
  for (const table of changed) {
    const change = days === undefined ? 'REMOVE TTL' : `MODIFY TTL ${ttlOf(aged[table], days)}`;
    await timeseries.command(`ALTER TABLE ${table} ${change}`);
  }
  return changed;
}

/**
 * The same for all rows of a fortnight, so that its parts go together, however they were merged: a row that went must not come back
 * because the part with its retraction is the older one. A DateTime ends in 2106 and would begin again, and chains for tests have blocks
 * of any time.
 */
function ttlOf({ time, moreDays }: Aged, days: number): string {
  const fortnight = `toUInt16(toStartOfInterval(${time}, INTERVAL 2 WEEK)) * ${daySeconds}`;
  return `toDateTime(least(${fortnight} + ${(fortnightDays + days + moreDays) * daySeconds}, 4294967295), 'UTC')`;
}

/** What `ttlOf` was made with, by a table's definition as the store gives it; undefined without a TTL. */
function findTtlDays(engine: string, moreDays: number): number | undefined {
  const seconds = /\bTTL\b.*?\+ (\d+),/.exec(engine)?.[1];
  return seconds === undefined ? undefined : Number(seconds) / daySeconds - fortnightDays - moreDays;
}
