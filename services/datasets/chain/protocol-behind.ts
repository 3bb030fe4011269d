import type { Protocol } from '../../../catalog/schema/protocol.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import { layoutsOf } from './protocol-layout.ts';
import type { ProtocolWindowSize } from './protocol-windows.ts';
import { integerOf } from './rows.ts';

/** A window of a network that some protocols have no row for, or one of another definition than the catalog's. */
export interface WindowBehind {
  /** Unix seconds. */
  readonly start: number;
  /** Ids, ascending. */
  readonly protocols: readonly string[];
}

/**
 * Windows that hold or held a block of the network and that are behind the protocols' definitions, the newest first, `max` at
 * most. What was computed says by itself how it was defined: nothing else has to be remembered of it.
 * @param keptFrom See `rawKeptFrom`: of windows that begin before it, nothing can be computed any more.
 */
export async function findProtocolWindowsBehind(
  timeseries: Timeseries,
  protocols: readonly Protocol[],
  network: string,
  size: ProtocolWindowSize,
  max: number,
  keptFrom = 0,
): Promise<WindowBehind[]> {
  const layouts = layoutsOf(protocols, network);
  if (layouts.length === 0) return [];
  const rows = await timeseries.query<{ at: number; missing: readonly string[] }>(
    `SELECT toUnixTimestamp(start) AS at, arraySort(groupArray(protocol)) AS missing
       FROM (SELECT start, arrayJoin({protocols:Array(String)}) AS protocol
               FROM (SELECT DISTINCT toDateTime(toStartOfInterval(timestamp, INTERVAL 1 ${size}), 'UTC') AS start
                       FROM chain_blocks
                      WHERE network = {network:String} AND timestamp >= toDateTime({keptFrom:UInt32}))
              WHERE start >= toDateTime({keptFrom:UInt32})) AS held
       LEFT ANTI JOIN (
         SELECT start, protocol FROM chain_protocol_windows FINAL
          WHERE network = {network:String} AND size = {size:String} AND start >= toDateTime({keptFrom:UInt32})
            AND protocol IN {protocols:Array(String)}
            AND definition = transform(protocol, {protocols:Array(String)}, {definitions:Array(String)}, '')) AS computed
         USING (start, protocol)
      GROUP BY start ORDER BY start DESC LIMIT {max:UInt32}`,
    {
      ...{ network, size, max, keptFrom },
      protocols: layouts.map(({ protocol }) => protocol),
      definitions: layouts.map(({ definition }) => definition),
    },
  );
  return rows.map(({ at, missing }) => ({ start: at, protocols: missing }));
}

/** What windows computed now are at least as new as: a row of it is not held for older than one that is there. 0 without any. */
export async function readVersionReached(timeseries: Timeseries, network: string): Promise<number> {
  const tables = ['max(seq) AS reached FROM chain_blocks', 'max(version) AS reached FROM chain_protocol_windows'];
  const [row] = await timeseries.query<{ reached: string }>(
    `SELECT max(reached) AS reached
       FROM (${tables.map((table) => `SELECT ${table} WHERE network = {network:String}`).join(' UNION ALL ')})`,
    { network },
  );
  return integerOf(row?.reached ?? '0');
}
