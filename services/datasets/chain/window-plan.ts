import type { Timeseries } from '../../stores/timeseries.ts';
import { joinIntervals } from './intervals.ts';
import { integerOf } from './rows.ts';
import { type WindowSize, windowSeconds } from './window-size.ts';

/** Windows of one network that are to be computed anew, and what their rows say that the raw tables do not. */
export interface WindowPlan {
  readonly network: string;
  readonly size: WindowSize;
  /** Unix seconds. */
  readonly starts: readonly number[];
  /** All changes up to this one that touch the windows are in the raw tables. */
  readonly version: number;
  /** The highest timestamp seen of the network by then; Unix seconds. */
  readonly watermark: number;
  /** Blocks appended or retracted after a window was closed, by its start. */
  readonly lateOf: ReadonlyMap<number, number>;
}

/**
 * What these windows of a network are computed as, by what touched their minutes; windows that nothing did are left out. To be asked
 * before the raw tables are read: what comes into them later is marked with a higher version, and the window is behind again.
 * @param keptFrom See `rawKeptFrom`: windows that begin before it are left out, too.
 */
export async function planWindows(
  timeseries: Timeseries,
  network: string,
  size: WindowSize,
  starts: readonly number[],
  keptFrom = 0,
): Promise<WindowPlan> {
  const seconds = windowSeconds[size];
  const kept = starts.filter((start) => start >= keptFrom);
  const times = joinIntervals(kept.map((start) => ({ from: start, to: start + seconds - 1 })));
  const rows = await timeseries.query<{ window: string; late: string; reached: number; newest: string }>(
    `SELECT intDiv(toUnixTimestamp(start), {seconds:UInt32}) * {seconds:UInt32} AS window,
       sum(late_of_${size}) AS late, toUnixTimestamp(max(watermark)) AS reached, max(version) AS newest
     FROM chain_touched FINAL
     WHERE network = {network:String}
       AND (${times.map(({ from, to }) => `start BETWEEN ${from} AND ${to}`).join(' OR ') || 'false'})
     GROUP BY window ORDER BY window`,
    { network, seconds },
  );
  return {
    network,
    size,
    starts: rows.map((row) => integerOf(row.window)),
    version: rows.reduce((highest, row) => Math.max(highest, integerOf(row.newest)), 0),
    watermark: rows.reduce((highest, row) => Math.max(highest, row.reached), 0),
    lateOf: new Map(rows.map((row) => [integerOf(row.window), integerOf(row.late)])),
  };
}

/** The networks that have had changes. */
export async function readTouchedNetworks(timeseries: Timeseries): Promise<string[]> {
  const rows = await timeseries.query<{ network: string }>(
    'SELECT DISTINCT network FROM chain_touched ORDER BY network',
  );
  return rows.map(({ network }) => network);
}

/**
 * Windows of a network that changes have touched since they were computed, the newest first, at most `limit`: also what a process
 * that is gone has left.
 * @param keptFrom See `rawKeptFrom`: windows that begin before it stay as they are.
 */
export async function findStaleWindows(
  timeseries: Timeseries,
  network: string,
  size: WindowSize,
  limit: number,
  keptFrom = 0,
): Promise<number[]> {
  const rows = await timeseries.query<{ window: string }>(
    `SELECT window FROM (
       SELECT intDiv(toUnixTimestamp(start), {seconds:UInt32}) * {seconds:UInt32} AS window, version AS touched, 0 AS computed
         FROM chain_touched WHERE network = {network:String} AND start >= toDateTime({keptFrom:UInt32})
       UNION ALL
       SELECT intDiv(toUnixTimestamp(start), 1) AS window, 0 AS touched, version AS computed
         FROM chain_windows
        WHERE network = {network:String} AND size = {size:String} AND start >= toDateTime({keptFrom:UInt32}))
     WHERE window >= {keptFrom:UInt32} GROUP BY window HAVING max(touched) > max(computed) ORDER BY window DESC LIMIT {limit:UInt32}`,
    { network, size, seconds: windowSeconds[size], limit, keptFrom },
  );
  return rows.map(({ window }) => integerOf(window));
}
