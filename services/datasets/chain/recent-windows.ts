import type { Timeseries } from '../../stores/timeseries.ts';

/** Which rows of chain_windows to read, to be put into a WHERE clause with these parameters. */
export interface RecentRows {
  readonly where: string;
  readonly params: Record<string, readonly string[]>;
}

/**
 * Rows of any size among which, for each network, the newest one with blocks is, and those of at least so many seconds before it: so
 * that to read the end of all networks costs the same however long their histories are. Their newest minute or hour is not before their
 * newest day that has blocks; the day before that one is for a reorganisation that left it none.
 */
export async function findRecentRows(
  timeseries: Timeseries,
  networks: readonly string[],
  seconds: number,
): Promise<RecentRows> {
  const days = await timeseries.query<{ network: string; at: number }>(
    `SELECT network, toUnixTimestamp(arrayReverseSort(groupArray(start))[least(2, count())]) AS at
       FROM chain_windows FINAL
      WHERE size = 'day' AND network IN {networks:Array(String)} AND blocks > 0
      GROUP BY network SETTINGS max_execution_time = 10`,
    { networks },
  );
  const dayOf = new Map(days.map(({ network, at }) => [network, at]));
  // Most networks are at the same day. One without days has not come far.
  const byDay = [...Map.groupBy(networks, (network) => dayOf.get(network) ?? 0)];
  return {
    where: byDay
      .map(([day], at) => {
        const from = Math.max(0, day - seconds);
        return `(network IN {networks${at}:Array(String)} AND start >= toDateTime(${from}))`;
      })
      .join(' OR '),
    params: Object.fromEntries(byDay.map(([, some], at) => [`networks${at}`, some])),
  };
}
