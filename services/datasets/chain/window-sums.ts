import type { Timeseries } from '../../stores/timeseries.ts';
import type { Decimal, Hex } from './block.ts';
import type { BlockStamp } from './read.ts';
import { findRecentRows } from './recent-windows.ts';
import { integerOf } from './rows.ts';
import { type Span, spanStart } from './span.ts';
import { type DigitsSum, digitsSum, digitsSumOf } from './wide-sums.ts';
import { windowStart } from './window-size.ts';

/** What transactions paid, in wei, over those of which it is known. The mean is rounded down; null if there are none. */
export interface SumOfFees {
  readonly transactions: number;
  readonly total: Decimal;
  readonly mean: Decimal | null;
}

/**
 * What happened on a network in a span, exactly: the sum of its windows. Counted are the blocks from `coverage.fromBlock` to
 * `asOf` with from <= timestamp <= asOf.timestamp. Null where the chain does not have the datum.
 */
export interface WindowSums {
  readonly network: string;
  /** The newest block that the windows hold. */
  readonly asOf: BlockStamp;
  /** Unix seconds: the start of a window. */
  readonly from: number;
  /**
   * The lowest and the highest block counted. Complete: no block of the span is missing, as all numbers between them are counted and
   * the block below is held and older than the span, or `fromBlock` is the first block that there is to hold.
   */
  readonly coverage: { readonly fromBlock: number; readonly toBlock: number; readonly complete: boolean };
  readonly blocks: number;
  readonly transactions: number;
  /** With status 0. */
  readonly failedTransactions: number | null;
  /** See user-operations.ts. */
  readonly userOperations: number;
  readonly contractCreations: number;
  readonly logs: number;
  readonly gasUsed: Decimal;
  readonly gasLimit: Decimal;
  /** Over the blocks that have one; the mean is rounded down. */
  readonly baseFeePerGas: { readonly min: Decimal; readonly mean: Decimal; readonly max: Decimal } | null;
  /** gasUsed * effectiveGasPrice; null where there are transactions and no price is known. */
  readonly executionFees: SumOfFees | null;
  /** l1Fee; null where none is known. */
  readonly l1DataFees: SumOfFees | null;
  /** From parent to block, over the blocks whose parent is held; the first block's parent is older than the span. */
  readonly blockSeconds: { readonly count: number; readonly mean: number; readonly max: number } | null;
  /** From a block's timestamp to when it was seen to be final, over the blocks of which that was seen. */
  readonly finalityMs: { readonly count: number; readonly max: number } | null;
}

/** A network, and the first block that there is to hold of it. */
export interface NetworkToSum {
  readonly id: string;
  readonly startBlock: number;
}

/**
 * What happened on each network in the span, which ends with the newest block that the network's own windows hold. Networks without a
 * window that holds a block are not there.
 */
export async function readWindowSums(
  timeseries: Timeseries,
  span: Span,
  networks: readonly NetworkToSum[],
): Promise<Map<string, WindowSums>> {
  const newest = await readNewestStarts(timeseries, span, networks);
  if (newest.size === 0) return new Map();
  // Most networks are at the same time: their rows are asked for together.
  const groups = [...Map.groupBy(newest.keys(), (id) => windowStart('hour', newest.get(id) ?? 0))];
  const where = groups.map(([hour], at) => {
    const times = `start BETWEEN toDateTime(${Math.max(0, hour - span.seconds)}) AND toDateTime(${hour + 3600})`;
    return `(network IN {networks${at}:Array(String)} AND ${times})`;
  });
  const rows = await timeseries.query<SumsRow>(sumsWhere(where.join(' OR ')), {
    ...{ size: span.size, seconds: span.seconds, networks: [...newest.keys()], newest: [...newest.values()] },
    ...Object.fromEntries(groups.map(([, ids], at) => [`networks${at}`, ids])),
  });
  const startBlocks = new Map(networks.map(({ id, startBlock }) => [id, startBlock]));
  return new Map(rows.map((row) => [row.network, sumsOf(span, startBlocks.get(row.network) ?? 0, row)]));
}

/** When the newest window of each network begins that holds a block; Unix seconds. */
async function readNewestStarts(
  timeseries: Timeseries,
  { size }: Span,
  networks: readonly NetworkToSum[],
): Promise<Map<string, number>> {
  if (networks.length === 0) return new Map();
  const ids = networks.map(({ id }) => id);
  const { where, params } = await findRecentRows(timeseries, ids, 0);
  const rows = await timeseries.query<{ network: string; at: number }>(
    `SELECT network, toUnixTimestamp(max(start)) AS at FROM chain_windows FINAL ${ofKey(where)}
      WHERE blocks > 0 GROUP BY network ${limits}`,
    { ...params, size },
  );
  return new Map(rows.map(({ network, at }) => [network, at]));
}

/**
 * That of hundreds of networks takes the store seconds, and all who ask share it: on a machine with much else to do it is better late than
 * begun again and again.
 */
const limits = 'SETTINGS max_execution_time = 30';

/** Rows of this size: by columns of the key, which all versions of a row share, so that of other rows no more is read, FINAL or not. */
const ofKey = (where: string): string => `PREWHERE size = {size:String} AND (${where})`;

interface SumsRow {
  readonly network: string;
  readonly as_of: readonly [number: string, hash: Hex, at: number];
  readonly from_block: string;
  readonly below_at: number | null;
  readonly blocks: string;
  readonly txs: string;
  readonly statuses: string;
  readonly failed: string;
  readonly user_ops: string;
  readonly creations: string;
  readonly logs: string;
  readonly gas_used: DigitsSum;
  readonly gas_limit: DigitsSum;
  readonly base_fees: string;
  readonly base_fee: DigitsSum;
  readonly base_fee_min: Decimal | null;
  readonly base_fee_max: Decimal | null;
  readonly priced: string;
  readonly fees: DigitsSum;
  readonly l1_known: string;
  readonly l1_fees: DigitsSum;
  readonly block_times: string;
  readonly block_seconds: string;
  readonly block_seconds_max: string | null;
  readonly finals: string;
  readonly finality_ms_max: string | null;
}

const sumsWhere = (where: string): string => `
  SELECT network,
    argMax((assumeNotNull(last_block), last_hash, toUnixTimestamp(last_at)), start) AS as_of,
    min(assumeNotNull(first_block)) AS from_block,
    argMin(tuple(toUnixTimestamp(w.below_at)), assumeNotNull(first_block)).1 AS below_at,
    sum(w.blocks) AS blocks, sum(w.txs) AS txs,
    countIf(w.txs > 0 AND failed_txs IS NOT NULL) AS statuses, sum(ifNull(failed_txs, 0)) AS failed,
    sum(w.user_ops) AS user_ops, sum(contract_creations) AS creations, sum(w.logs) AS logs,
    ${digitsSum('w.gas_used')} AS gas_used, ${digitsSum('w.gas_limit')} AS gas_limit,
    sum(w.base_fees) AS base_fees, ${digitsSum('base_fee_sum')} AS base_fee,
    min(w.base_fee_min) AS base_fee_min, max(w.base_fee_max) AS base_fee_max,
    sum(priced_txs) AS priced, ${digitsSum('execution_fee_sum')} AS fees,
    sum(l1_fee_txs) AS l1_known, ${digitsSum('l1_fee_sum')} AS l1_fees,
    sum(w.block_times) AS block_times, sum(block_seconds_sum) AS block_seconds,
    max(w.block_seconds_max) AS block_seconds_max,
    sum(final_blocks) AS finals, max(w.finality_ms_max) AS finality_ms_max
  FROM (SELECT *, transform(network, {networks:Array(String)}, {newest:Array(UInt32)}, 0) AS newest
          FROM chain_windows FINAL ${ofKey(where)} WHERE blocks > 0) AS w
  WHERE toUnixTimestamp(start) <= newest AND toUnixTimestamp(start) + {seconds:UInt32} > newest
  GROUP BY network ${limits}`;

function sumsOf(span: Span, startBlock: number, row: SumsRow): WindowSums {
  const [number, hash, timestamp] = row.as_of;
  const asOf = { number: integerOf(number), hash, timestamp };
  const from = spanStart(span, timestamp);
  const fromBlock = integerOf(row.from_block);
  const blocks = integerOf(row.blocks);
  const transactions = integerOf(row.txs);
  const isWhole = blocks === asOf.number - fromBlock + 1;
  const isFromStart = fromBlock <= startBlock || (row.below_at !== null && row.below_at < from);
  const priced = integerOf(row.priced);
  const l1Known = integerOf(row.l1_known);
  const blockTimes = integerOf(row.block_times);
  return {
    ...{ network: row.network, asOf, from },
    coverage: { fromBlock, toBlock: asOf.number, complete: isWhole && isFromStart },
    ...{ blocks, transactions },
    failedTransactions: row.statuses === '0' && transactions > 0 ? null : integerOf(row.failed),
    userOperations: integerOf(row.user_ops),
    contractCreations: integerOf(row.creations),
    logs: integerOf(row.logs),
    gasUsed: digitsSumOf(row.gas_used).toString(),
    gasLimit: digitsSumOf(row.gas_limit).toString(),
    baseFeePerGas:
      row.base_fee_min === null || row.base_fee_max === null
        ? null
        : {
            min: row.base_fee_min,
            mean: (digitsSumOf(row.base_fee) / BigInt(row.base_fees)).toString(),
            max: row.base_fee_max,
          },
    executionFees: priced === 0 && transactions > 0 ? null : feesOf(priced, digitsSumOf(row.fees)),
    l1DataFees: l1Known === 0 ? null : feesOf(l1Known, digitsSumOf(row.l1_fees)),
    blockSeconds:
      row.block_seconds_max === null
        ? null
        : { count: blockTimes, mean: Number(row.block_seconds) / blockTimes, max: Number(row.block_seconds_max) },
    finalityMs:
      row.finality_ms_max === null ? null : { count: integerOf(row.finals), max: Number(row.finality_ms_max) },
  };
}

function feesOf(transactions: number, total: bigint): SumOfFees {
  const mean = transactions === 0 ? null : (total / BigInt(transactions)).toString();
  return { transactions, total: total.toString(), mean };
}
