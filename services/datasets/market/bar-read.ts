import type { Timeseries } from '../../stores/timeseries.ts';
import { selectFolded } from './bar-fold.ts';

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

/**
 * Bars of the range in its order, made of the seconds or minutes that are stored; intervals of which nothing is stored are left out.
 * `columns` is what to select of `foldedColumns`; `at` comes with it: the start in Unix seconds. `where` is over rows `b`.
 */
export function queryBars<R extends object>(
  timeseries: Timeseries,
  range: BarRange,
  columns: readonly string[],
  where = 'true',
): Promise<(R & { readonly at: number })[]> {
  const { symbol, interval, limit, order } = range;
  const { from, to, seconds } = boundsOf(range);
  if (from >= to || limit < 1) return Promise.resolve([]);
  const table = tableOf(interval);
  const startOf = (time: string) => `toDateTime(intDiv(toUnixTimestamp(${time}), ${seconds}) * ${seconds}, 'UTC')`;
  const within = `b.symbol = {symbol:String} AND b.time >= toDateTime({from:UInt32}, 'UTC') AND b.time < toDateTime({to:UInt32}, 'UTC')
    AND ${where}`;
  // So that no more is put together than is asked for.
  const starts = `(SELECT DISTINCT ${startOf('b.time')} AS start FROM ${table} AS b WHERE ${within}
    ORDER BY start ${order} LIMIT {limit:UInt32})`;
  const first = `b.time >= (SELECT min(start) FROM ${starts})`;
  const last = `b.time < (SELECT max(start) + INTERVAL ${seconds} SECOND FROM ${starts})`;
  return timeseries.query(
    `SELECT toUnixTimestamp(time) AS at, ${columns.join(', ')}
       FROM (${selectFolded(table, startOf('b.time'), `${within} AND ${order === 'asc' ? last : first}`)})
      ORDER BY at ${order} ${readLimits}`,
    { symbol, from, to, limit },
  );
}
