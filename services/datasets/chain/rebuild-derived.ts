import type { Timeseries } from '../../stores/timeseries.ts';
import type { Hex } from './block.ts';
import type { Interval } from './intervals.ts';
import { integerOf } from './rows.ts';

// What the time series has of a network, right or wrong, as far as a rebuild must know it.

/** What there is of one block number. */
export interface DerivedBlock {
  /** Null where there are rows of transactions, logs or finality, and none of the block. */
  readonly hash: Hex | null;
  readonly timestamp: number | null;
  /** The time of its transactions or logs; null without any. */
  readonly rowsTimestamp: number | null;
  /** One above the highest index of its transactions and of its logs. */
  readonly txs: number;
  readonly logs: number;
  readonly isFinal: boolean;
}

interface Times {
  readonly from: number;
  readonly to: number;
}

const inTime = 'timestamp >= toDateTime({from:UInt32}) AND timestamp < toDateTime({to:UInt32})';
const inRange = 'network = {network:String} AND number BETWEEN {from:UInt64} AND {to:UInt64}';
/** Rows of numbers that stand as they should are not looked at one by one; more than this is another chain. */
const numbersMax = 1_000_000;

/** Numbers of blocks that stand in the time series with a timestamp in [from, to). */
export async function readDerivedNumbers(timeseries: Timeseries, network: string, times: Times): Promise<Interval[]> {
  const rows = await timeseries.query<{ number: string }>(
    `SELECT number FROM chain_blocks FINAL WHERE network = {network:String} AND ${inTime}
      ORDER BY number LIMIT {numbersMax:UInt32}`,
    { network, ...times, numbersMax },
  );
  return rows.map((row) => ({ from: integerOf(row.number), to: integerOf(row.number) }));
}

/** What the time series has of the blocks of a range, by number, ascending. */
export async function readDerived(
  timeseries: Timeseries,
  network: string,
  range: Interval,
): Promise<Map<number, DerivedBlock>> {
  const part = (columns: string, table: string): string =>
    `SELECT number, ${columns} FROM ${table} FINAL WHERE ${inRange} GROUP BY number`;
  const rows = await timeseries.query<{
    number: string;
    block_hash: Hex;
    at: number | string;
    rows_at: number | string;
    has_block: number | string;
    txs: string;
    logs: string;
    is_final: number | string;
  }>(
    `SELECT number, max(hash_) AS block_hash, maxIf(at_, block_ = 1) AS at, maxIf(at_, block_ = 0) AS rows_at,
       max(block_) AS has_block, max(txs_) AS txs, max(logs_) AS logs,
       max(final_) AS is_final
     FROM (
       ${part(`any(hash) AS hash_, any(toUnixTimestamp(timestamp)) AS at_, 1 AS block_, toUInt64(0) AS txs_, toUInt64(0) AS logs_, 0 AS final_`, 'chain_blocks')}
       UNION ALL ${part(`'' AS hash_, max(toUnixTimestamp(timestamp)) AS at_, 0 AS block_, toUInt64(max(tx_index)) + 1 AS txs_, toUInt64(0) AS logs_, 0 AS final_`, 'chain_txs')}
       UNION ALL ${part(`'' AS hash_, max(toUnixTimestamp(timestamp)) AS at_, 0 AS block_, toUInt64(0) AS txs_, toUInt64(max(log_index)) + 1 AS logs_, 0 AS final_`, 'chain_logs')}
       UNION ALL ${part(`'' AS hash_, toUInt32(0) AS at_, 0 AS block_, toUInt64(0) AS txs_, toUInt64(0) AS logs_, 1 AS final_`, 'chain_finality')})
     GROUP BY number ORDER BY number`,
    { network, ...range },
  );
  return new Map(
    rows.map((row) => {
      const hasBlock = Number(row.has_block) === 1;
      const derived = {
        hash: hasBlock && /^0x[0-9a-f]{64}$/.test(row.block_hash) ? row.block_hash : null,
        timestamp: hasBlock ? Number(row.at) : null,
        rowsTimestamp: Number(row.rows_at) === 0 ? null : Number(row.rows_at),
        txs: integerOf(row.txs),
        logs: integerOf(row.logs),
        isFinal: Number(row.is_final) === 1,
      };
      return [integerOf(row.number), derived];
    }),
  );
}

/** The highest change of the network that the time series has heard of, 0 if none. */
export async function readDerivedSeq(timeseries: Timeseries, network: string): Promise<number> {
  const tables = [
    ...['chain_blocks', 'chain_txs', 'chain_logs', 'chain_finality'].map((table) => ({ table, column: 'seq' })),
    ...['chain_touched', 'chain_windows'].map((table) => ({ table, column: 'version' })),
  ];
  const parts = tables.map(
    ({ table, column }) => `SELECT max(${column}) AS seq FROM ${table} WHERE network = {network:String}`,
  );
  const [row] = await timeseries.query<{ seq: string }>(`SELECT max(seq) AS seq FROM (${parts.join(' UNION ALL ')})`, {
    network,
  });
  return row === undefined ? 0 : integerOf(row.seq);
}

/** Minutes that start in [from, to) and say that they have blocks, though no row of a block, gone or not, is of that time. */
export async function readPhantomMinutes(timeseries: Timeseries, network: string, times: Times): Promise<number[]> {
  const rows = await timeseries.query<{ at: number }>(
    `SELECT toUnixTimestamp(start) AS at FROM chain_windows FINAL
      WHERE network = {network:String} AND size = 'minute' AND blocks > 0
        AND start >= toDateTime({from:UInt32}) AND start < toDateTime({to:UInt32})
        AND start NOT IN (SELECT toStartOfMinute(timestamp) FROM chain_blocks
                           WHERE network = {network:String} AND ${inTime})
      ORDER BY start`,
    { network, ...times },
  );
  return rows.map(({ at }) => at);
}
