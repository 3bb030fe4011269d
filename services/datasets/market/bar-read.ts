import type { Timeseries } from '../../stores/timeseries.ts';
import { foldedColumns, foldFrom, selectFolded, startOf } from './bar-fold.ts';

/** Lengths of candles, in seconds. All start at multiples of their length since 1970, UTC. */
export const intervalSeconds = {
  '1s': 1,
  '1m': 60,
  '5m': 300,
  '15m': 900,
  '1h': 3600,
  '4h': 14_400,
  '1d': 86_400,
} as const;
export type Interval = keyof typeof intervalSeconds;

/** Intervals that start at `fromMs` or later and before `toMs` (Unix milliseconds), and of these the first `limit` in `order`. */
export interface BarRange {
  readonly symbol: string;
  readonly interval: Interval;
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
  readonly order: 'asc' | 'desc';
}

/** Where bars of this interval are read from. */
export function tableOf(interval: Interval): string {
  return interval === '1s' ? 'market_bars_1s' : 'market_bars_1m';
}

/** The end of ClickHouse's DateTime. */
const secondsMax = 2 ** 32 - 1;

/** A read that takes longer is not for an API; ClickHouse ends it, and the caller is told to try again. */
export const readLimits = 'SETTINGS max_execution_time = 10, do_not_merge_across_partitions_select_final = 1';

/** Seconds of the first start of `seconds` within the range, and of the first after it. */
export function boundsOf({ interval, fromMs, toMs }: BarRange): { from: number; to: number; seconds: number } {
  const seconds = intervalSeconds[interval];
  const startAt = (ms: number) => Math.min(Math.max(Math.ceil(ms / 1000 / seconds) * seconds, 0), secondsMax);
  return { from: startAt(fromMs), to: startAt(toMs), seconds };
}

/** Of the longer bars, those that an interval may be made of. */
const longer: Partial<Record<Interval, { readonly table: string; readonly seconds: number }>> = {
  '1h': { table: 'market_bars_1h', seconds: 3600 },
  '4h': { table: 'market_bars_1h', seconds: 3600 },
  '1d': { table: 'market_bars_1d', seconds: 86_400 },
};

/** So few longer bars are out of date that it is worth while to read the others. */
const staleMax = 1000;

/**
 * Bars of the range in its order; intervals of which nothing is stored are left out. They are made of the seconds or minutes that are
 * stored, or of hours and days where these say the same. `columns` is what to select of `foldedColumns`; `at` comes with it: the
 * start in Unix seconds. Means are of floats, whose sums depend on the steps in which they are made: to have them as they are of
 * minutes whatever was rolled up, say `shortOnly`. `where` is over rows `b`, and only for those.
 */
export async function queryBars<R extends object>(
  timeseries: Timeseries,
  range: BarRange,
  columns: readonly string[],
  { shortOnly }: { readonly shortOnly?: { readonly where: string } } = {},
): Promise<(R & { readonly at: number })[]> {
  const { symbol, interval, limit, order } = range;
  const { from, to, seconds } = boundsOf(range);
  if (from >= to || limit < 1) return [];
  const table = tableOf(interval);
  const start = startOf('b.time', seconds);
  const inRange =
    "b.symbol = {symbol:String} AND b.time >= toDateTime({from:UInt32}, 'UTC') AND b.time < toDateTime({to:UInt32}, 'UTC')";
  const within = shortOnly === undefined ? inRange : `${inRange} AND ${shortOnly.where}`;
  // So that no more is put together than is asked for.
  const starts = `(SELECT DISTINCT ${start} AS start FROM ${table} AS b WHERE ${within}
    ORDER BY start ${order} LIMIT {limit:UInt32})`;
  const first = `b.time >= (SELECT min(start) FROM ${starts})`;
  const last = `b.time < (SELECT max(start) + INTERVAL ${seconds} SECOND FROM ${starts})`;
  const wanted = `${within} AND ${order === 'asc' ? last : first}`;
  const params = { symbol, from, to, limit };
  const made = shortOnly === undefined ? longer[interval] : undefined;
  const stale = made === undefined ? undefined : await readStale(timeseries, made, wanted, params);
  const folded =
    made === undefined || stale === undefined
      ? selectFolded(table, start, wanted)
      : foldFrom(`(${mixed(made, wanted)}) AS b`, start, 'true');
  return timeseries.query(
    `SELECT toUnixTimestamp(time) AS at, ${columns.join(', ')} FROM (${folded}) ORDER BY at ${order} ${readLimits}`,
    stale === undefined ? params : { ...params, stale },
  );
}

type Made = NonNullable<(typeof longer)[Interval]>;

/** Starts of the longer bars that do not say what the minutes say; undefined when these are too many. */
async function readStale(
  timeseries: Timeseries,
  { table, seconds }: Made,
  wanted: string,
  params: Record<string, unknown>,
): Promise<number[] | undefined> {
  const rows = await timeseries.query<{ at: number }>(
    `SELECT toUnixTimestamp(fine.start) AS at FROM (
        SELECT ${startOf('b.time', seconds)} AS start, sum(b.version) AS version FROM market_bars_1m AS b FINAL
         WHERE ${wanted} GROUP BY start) AS fine
      LEFT JOIN (SELECT b.time AS start, b.version AS version FROM ${table} AS b FINAL WHERE ${wanted}) AS made
        ON made.start = fine.start
      WHERE fine.version != made.version LIMIT ${staleMax + 1} ${readLimits}`,
    params,
  );
  return rows.length > staleMax ? undefined : rows.map(({ at }) => at);
}

/** Longer bars, and minutes in the place of those that are out of date. */
function mixed({ table, seconds }: Made, wanted: string): string {
  const columns = ['symbol', 'time', ...foldedColumns].map((column) => `b.${column} AS ${column}`).join(', ');
  const isStale = `toUnixTimestamp(${startOf('b.time', seconds)}) IN {stale:Array(UInt32)}`;
  return `SELECT ${columns} FROM ${table} AS b FINAL WHERE ${wanted} AND NOT ${isStale}
    UNION ALL SELECT ${columns} FROM market_bars_1m AS b FINAL WHERE ${wanted} AND ${isStale}`;
}
