import type { Timeseries } from '../../stores/timeseries.ts';
import type { Decimal } from './block.ts';
import { findRecentRows } from './recent-windows.ts';
import { integerOf } from './rows.ts';
import type { WindowPlan } from './window-plan.ts';
import { isClosedAt, type WindowSize } from './window-size.ts';
import { readWindowTotals } from './window-totals.ts';

/** Of n known values in ascending order, the one at place floor(p * n), counted from 0. */
export interface Percentiles {
  readonly p10: Decimal;
  readonly p50: Decimal;
  readonly p90: Decimal;
  readonly p95: Decimal;
  readonly p99: Decimal;
}

/** What transactions paid, in wei, over those of which it is known. */
export interface WindowFees {
  readonly transactions: number;
  readonly total: Decimal;
  /** Null if a fee does not fit 256 bits. */
  readonly percentiles: Percentiles | null;
}

/** Times between two events, over `count` blocks. */
export interface WindowSpread {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** What happened on a network in a minute, an hour or a day of block time. Null where the chain does not have the datum, or no block. */
export interface ChainWindow {
  /** Unix seconds. */
  readonly start: number;
  readonly blocks: number;
  readonly firstBlock: number | null;
  readonly lastBlock: number | null;
  /**
   * No block of the window is missing: all numbers from firstBlock to lastBlock are held, and the block below is held and older than
   * the window (or there is none, as firstBlock is 0), and the block above is held and younger. False while it has no block.
   */
  readonly complete: boolean;
  /** Block time went on far enough past the end: what changes now counts as late. */
  readonly closed: boolean;
  /** Blocks appended or retracted after the window was closed; those of a backfill are. */
  readonly late: number;
  readonly transactions: number;
  readonly failedTransactions: number | null;
  readonly contractCreations: number;
  /** See user-operations.ts. */
  readonly userOperations: number;
  readonly logs: number;
  readonly activeSenders: number;
  /** Senders and recipients. */
  readonly activeAddresses: number;
  readonly gasUsed: Decimal;
  /** Sum of the blocks' gasLimit. */
  readonly gasLimit: Decimal;
  readonly baseFeePerGas: { readonly min: Decimal; readonly mean: Decimal; readonly max: Decimal } | null;
  /** gasUsed * effectiveGasPrice. */
  readonly executionFees: WindowFees | null;
  readonly l1DataFees: WindowFees | null;
  /** effectiveGasPrice. */
  readonly gasPrice: Percentiles | null;
  /** From parent to block, where the parent is held; the first block's parent is of an earlier window. */
  readonly blockSeconds: (WindowSpread & { readonly mean: number }) | null;
  /** From a block's timestamp to when it was seen to be final, where that was seen. */
  readonly finalityMs: WindowSpread | null;
  /** The change of the network that the row is at least as new as. */
  readonly version: string;
}

/** Computes the windows from the raw tables and writes their rows. Idempotent: the highest version counts. */
export async function recomputeWindows(timeseries: Timeseries, plan: WindowPlan): Promise<void> {
  const { network, size, version, watermark } = plan;
  const totals = await readWindowTotals(timeseries, network, size, plan.starts);
  const rows = totals.map(({ start, totals: some }) => ({
    ...{ network, size, version, watermark },
    ...some,
    late: plan.lateOf.get(start) ?? 0,
  }));
  await timeseries.insert('chain_windows', rows);
}

/** Windows of one size that start in [from, to), Unix seconds. */
export interface WindowTimes {
  readonly size: WindowSize;
  readonly from: number;
  readonly to: number;
}

/** Windows of a network, ascending. Those in which no block was ever held are not there; those that lost their blocks are, with none. */
export async function readWindows(
  timeseries: Timeseries,
  { network, ...times }: WindowTimes & { readonly network: string },
): Promise<ChainWindow[]> {
  const windows = await readWindowsOf(timeseries, { networks: [network], ...times });
  return windows.get(network) ?? [];
}

/** As `readWindows`, of several networks, each of which has its windows, be there none. */
export async function readWindowsOf(
  timeseries: Timeseries,
  { networks, ...times }: WindowTimes & { readonly networks: readonly string[] },
): Promise<Map<string, ChainWindow[]>> {
  const windows = new Map<string, ChainWindow[]>(networks.map((network) => [network, []]));
  if (windows.size === 0) return windows;
  const { where, params } = await findRecentRows(timeseries, [...windows.keys()], 0);
  // How far a network has come stands in its newest minute, be there a block in it or not.
  const rows = await timeseries.query<WindowRow>(
    `SELECT w.* EXCEPT (size, watermark), toUnixTimestamp(start) AS at, reached
     FROM (
       SELECT * FROM chain_windows FINAL
       PREWHERE network IN {networks:Array(String)} AND size = {size:String}
         AND start >= toDateTime({from:UInt32}) AND start < toDateTime({to:UInt32})) AS w
     LEFT JOIN (
       SELECT network, toUnixTimestamp(argMax(watermark, (start, watermark))) AS reached FROM chain_windows
        WHERE size = 'minute' AND (${where}) GROUP BY network) AS minutes USING (network)
     ORDER BY network, start SETTINGS max_execution_time = 10`,
    { ...times, networks: [...windows.keys()], ...params },
  );
  for (const row of rows) windows.get(row.network)?.push(windowOf(times.size, row));
  return windows;
}

type WindowRow = { readonly [Name in Spread<'block_seconds' | 'finality_ms'>]: string | null } & {
  readonly [Name in `${'execution_fee' | 'l1_fee' | 'gas_price'}_${keyof Percentiles}`]: Decimal | null;
} & {
  readonly network: string;
  readonly at: number;
  readonly reached: number;
  readonly blocks: string;
  readonly first_block: string | null;
  readonly last_block: string | null;
  readonly complete: number;
  readonly late: string;
  readonly txs: string;
  readonly failed_txs: string | null;
  readonly contract_creations: string;
  readonly user_ops: string;
  readonly logs: string;
  readonly active_senders: string;
  readonly active_addresses: string;
  readonly gas_used: Decimal;
  readonly gas_limit: Decimal;
  readonly base_fees: string;
  readonly base_fee_sum: Decimal;
  readonly base_fee_min: Decimal | null;
  readonly base_fee_max: Decimal | null;
  readonly priced_txs: string;
  readonly execution_fee_sum: Decimal;
  readonly l1_fee_txs: string;
  readonly l1_fee_sum: Decimal;
  readonly block_times: string;
  readonly block_seconds_sum: string;
  readonly final_blocks: string;
  readonly version: string;
};

type Spread<Name extends string> = `${Name}_${'p50' | 'p95' | 'max'}`;

function windowOf(size: WindowSize, row: WindowRow): ChainWindow {
  const blockSeconds = spreadOf(row, 'block_seconds', row.block_times);
  return {
    start: row.at,
    blocks: integerOf(row.blocks),
    firstBlock: row.first_block === null ? null : integerOf(row.first_block),
    lastBlock: row.last_block === null ? null : integerOf(row.last_block),
    complete: row.complete === 1,
    closed: isClosedAt(row.reached, size, row.at),
    late: integerOf(row.late),
    transactions: integerOf(row.txs),
    failedTransactions: row.failed_txs === null ? null : integerOf(row.failed_txs),
    contractCreations: integerOf(row.contract_creations),
    userOperations: integerOf(row.user_ops),
    logs: integerOf(row.logs),
    activeSenders: integerOf(row.active_senders),
    activeAddresses: integerOf(row.active_addresses),
    gasUsed: row.gas_used,
    gasLimit: row.gas_limit,
    baseFeePerGas:
      row.base_fee_min === null || row.base_fee_max === null
        ? null
        : {
            min: row.base_fee_min,
            mean: (BigInt(row.base_fee_sum) / BigInt(row.base_fees)).toString(),
            max: row.base_fee_max,
          },
    executionFees: feesOf(row.priced_txs, row.execution_fee_sum, percentilesOf(row, 'execution_fee')),
    l1DataFees: feesOf(row.l1_fee_txs, row.l1_fee_sum, percentilesOf(row, 'l1_fee')),
    gasPrice: percentilesOf(row, 'gas_price'),
    blockSeconds:
      blockSeconds === null ? null : { ...blockSeconds, mean: Number(row.block_seconds_sum) / blockSeconds.count },
    finalityMs: spreadOf(row, 'finality_ms', row.final_blocks),
    version: row.version,
  };
}

function feesOf(transactions: string, total: Decimal, percentiles: Percentiles | null): WindowFees | null {
  return transactions === '0' ? null : { transactions: integerOf(transactions), total, percentiles };
}

function percentilesOf(row: WindowRow, name: 'execution_fee' | 'l1_fee' | 'gas_price'): Percentiles | null {
  const [p10, p50, p90, p95, p99] = [
    row[`${name}_p10`],
    row[`${name}_p50`],
    row[`${name}_p90`],
    row[`${name}_p95`],
    row[`${name}_p99`],
  ];
  if (p10 === null || p50 === null || p90 === null || p95 === null || p99 === null) return null;
  return { p10, p50, p90, p95, p99 };
}

function spreadOf(row: WindowRow, name: 'block_seconds' | 'finality_ms', count: string): WindowSpread | null {
  const [p50, p95, max] = [row[`${name}_p50`], row[`${name}_p95`], row[`${name}_max`]];
  if (p50 === null || p95 === null || max === null) return null;
  return { count: integerOf(count), p50: Number(p50), p95: Number(p95), max: Number(max) };
}
