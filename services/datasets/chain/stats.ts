import { setTimeout as sleep } from 'node:timers/promises';
import { RetryableError } from '../../runtime/errors.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import type { Decimal, Hex } from './block.ts';
import type { BlockStamp } from './read.ts';
import { integerOf } from './rows.ts';
import { wideProductSum, wideProductSumOf, wideSumIf, wideSumOf } from './wide-sums.ts';

/** The blocks that statistics are of, up to the newest block held, `asOf`. `firstBlock` is the first one there is to hold. */
export type StatsScope =
  /** Blocks with a timestamp in (asOf.timestamp - seconds, asOf.timestamp]. */
  | { readonly kind: 'window'; readonly seconds: number; readonly firstBlock: number }
  | { readonly kind: 'all'; readonly firstBlock: number }
  /** Blocks by number, both bounds inclusive. */
  | { readonly kind: 'range'; readonly fromBlock: number; readonly toBlock: number };

/** The lowest and the highest block counted; complete when none is missing between them or below them in the scope. */
interface Coverage {
  readonly fromBlock: number;
  readonly toBlock: number;
  /** The hash of `toBlock`: with its ancestors it names exactly what was counted. */
  readonly toHash: Hex;
  readonly complete: boolean;
}

/** A sum over those transactions for which the datum is known, in wei. The mean is rounded down. */
interface FeeTotals {
  readonly transactions: number;
  readonly total: Decimal;
  readonly mean: Decimal | null;
}

/** Quantities in wei and gas are exact, whatever their size; null where the chain does not have the datum. */
export interface ChainStats {
  readonly blocks: number;
  readonly transactions: number;
  /** With status 0. */
  readonly failedTransactions: number | null;
  /** Without a recipient. */
  readonly contractCreations: number;
  readonly activeSenders: number;
  readonly logs: number;
  /** Sum of the blocks' gasUsed. */
  readonly gasUsed: Decimal;
  /** (newest - oldest timestamp) / (blocks - 1). */
  readonly blockTimeSeconds: number | null;
  /** Transactions a block / seconds a block. */
  readonly tps: number | null;
  /** Of effectiveGasPrice: the price at place floor(p * n), counted from 0, of the n known prices in ascending order. */
  readonly gasPrice: { readonly p50: Decimal; readonly p95: Decimal } | null;
  /** gasUsed * effectiveGasPrice. */
  readonly executionFees: FeeTotals | null;
  /** l1Fee. */
  readonly l1DataFees: FeeTotals | null;
  /** Over the blocks that have one; `newest` is the newest block's. */
  readonly baseFeePerGas: {
    readonly newest: Decimal | null;
    readonly min: Decimal;
    readonly max: Decimal;
    readonly mean: Decimal;
  } | null;
}

export interface StatsReading {
  readonly asOf: NewestBlock;
  /** Undefined when no block of the scope is held. */
  readonly counted: { readonly coverage: Coverage; readonly stats: ChainStats } | undefined;
}

/** The newest block that the timeseries store holds. `seq` is new each time a block joins the chain, also after a reorg. */
export interface NewestBlock extends BlockStamp {
  readonly seq: string;
}

/** A read that takes longer than this is not for an API; ClickHouse ends it, and the caller is told to try again. */
const limits = 'SETTINGS max_execution_time = 10';
/** How far retracted rows may stand above the newest block before the whole network is searched for it. */
const tailBlocks = 1000;
/** A writer is between its tables for some tens of milliseconds; all attempts together outlast a large batch. */
const attempts = 10;
const waitStepMs = 15;

/** The newest block of a network in the timeseries store; undefined while it has none. */
export async function findNewestBlock(timeseries: Timeseries, network: string): Promise<NewestBlock | undefined> {
  const newest = async (rows: string): Promise<NewestRow | undefined> => {
    const found = await timeseries.query<NewestRow>(
      `SELECT number, hash, seq, toUnixTimestamp(timestamp) AS at FROM chain_blocks FINAL
        WHERE network = {network:String} AND ${rows} ORDER BY number DESC LIMIT 1 ${limits}`,
      { network },
    );
    return found[0];
  };
  // FINAL over all blocks of a long chain takes seconds, over its end milliseconds.
  const tail = `number > (SELECT toInt64(max(number)) - ${tailBlocks} FROM (
      SELECT number FROM chain_blocks WHERE network = {network:String} ORDER BY number DESC LIMIT 1))`;
  const row = (await newest(tail)) ?? (await newest('true'));
  if (row === undefined) return undefined;
  return { number: integerOf(row.number), hash: row.hash, timestamp: row.at, seq: row.seq };
}

/**
 * Statistics of the blocks of `scope` up to the newest block, `newest` as long as it stays that. All of it is of one chain,
 * the one that ends in `asOf`: a read that met a writer or a reorg half-way is thrown away and made again.
 * Throws RetryableError when that happens every time.
 */
export async function readStats(
  timeseries: Timeseries,
  network: string,
  scope: StatsScope,
  newest: NewestBlock,
): Promise<StatsReading> {
  let asOf: NewestBlock = newest;
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const blocks = await readBlockTotals(timeseries, network, asOf, scope);
    if (blocks?.as_of_seq === asOf.seq) {
      if (blocks.blocks === '0') return { asOf, counted: undefined };
      const txs = await readTxTotals(timeseries, network, asOf, scope, blocks);
      if (txs?.fingerprint === blocks.tx_fingerprint) return { asOf, counted: statsOf(scope, blocks, txs) };
    }
    await sleep(waitStepMs * attempt);
    asOf = (await findNewestBlock(timeseries, network)) ?? asOf;
  }
  throw new RetryableError(`stats of ${network}: blocks and transactions did not agree in ${attempts} reads`);
}

interface NewestRow {
  readonly number: string;
  readonly hash: Hex;
  readonly seq: string;
  readonly at: number;
}

interface BlockTotals {
  readonly as_of_seq: string;
  readonly blocks: string;
  readonly from_block: string;
  readonly to_block: string;
  readonly to_hash: Hex;
  readonly first_at: number;
  readonly last_at: number;
  readonly transactions: string;
  readonly tx_fingerprint: string;
  readonly logs: string;
  readonly gas_used: readonly string[];
  readonly base_fees: string;
  readonly base_fee: readonly string[];
  readonly base_fee_min: string | null;
  readonly base_fee_max: string | null;
  readonly base_fee_newest: string | null;
  readonly block_below: string | null;
}

/**
 * The rows that may be in scope, and the condition that says which are. A window is cut by time; the lowest number that any
 * version of a block of that time has bounds the rows to look at, so that a day does not cost as much as the whole chain.
 */
function conditionsOf(
  scope: StatsScope,
  asOf: NewestBlock,
): { rows: string; inScope: string; params: Record<string, unknown> } {
  const { number, timestamp } = asOf;
  switch (scope.kind) {
    case 'all':
      return { rows: 'number <= {asOf:UInt64}', inScope: 'number <= {asOf:UInt64}', params: { asOf: number } };
    case 'range':
      return {
        rows: 'number BETWEEN {from:UInt64} AND {to:UInt64}',
        inScope: 'number BETWEEN {from:UInt64} AND {to:UInt64}',
        params: { asOf: number, from: scope.fromBlock, to: Math.min(scope.toBlock, number) },
      };
    case 'window':
      return {
        rows: `number <= {asOf:UInt64} AND number + 1 >= (SELECT min(number) FROM chain_blocks
                WHERE network = {network:String} AND toInt64(toUnixTimestamp(timestamp)) > {after:Int64})`,
        inScope: `number <= {asOf:UInt64} AND toInt64(toUnixTimestamp(timestamp)) > {after:Int64}
                AND toInt64(toUnixTimestamp(timestamp)) <= {at:Int64}`,
        params: { asOf: number, after: timestamp - scope.seconds, at: timestamp },
      };
  }
}

async function readBlockTotals(
  timeseries: Timeseries,
  network: string,
  asOf: NewestBlock,
  scope: StatsScope,
): Promise<BlockTotals | undefined> {
  const { rows, inScope, params } = conditionsOf(scope, asOf);
  const [totals] = await timeseries.query<BlockTotals>(
    `SELECT
       maxIf(seq, number = {asOf:UInt64}) AS as_of_seq,
       countIf(counted) AS blocks,
       minIf(number, counted) AS from_block,
       maxIf(number, counted) AS to_block,
       argMaxIf(hash, number, counted) AS to_hash,
       toUnixTimestamp(minIf(timestamp, counted)) AS first_at,
       toUnixTimestamp(maxIf(timestamp, counted)) AS last_at,
       sumIf(tx_count, counted) AS transactions,
       sumIf(tx_count * ${versionHash}, counted) AS tx_fingerprint,
       sumIf(log_count, counted) AS logs,
       ${wideSumIf('gas_used', 'counted')} AS gas_used,
       countIf(base_fee_per_gas, counted) AS base_fees,
       ${wideSumIf('ifNull(base_fee_per_gas, 0)', 'counted')} AS base_fee,
       minIf(base_fee_per_gas, counted) AS base_fee_min,
       maxIf(base_fee_per_gas, counted) AS base_fee_max,
       argMaxIf(tuple(base_fee_per_gas), number, counted).1 AS base_fee_newest,
       maxOrNullIf(number, NOT counted AND number < {asOf:UInt64}) AS block_below
     FROM (SELECT *, ${inScope} AS counted FROM chain_blocks FINAL
            WHERE network = {network:String} AND (number = {asOf:UInt64} OR (${rows})))
     ${limits}`,
    { network, ...params },
  );
  return totals;
}

interface TxTotals {
  readonly fingerprint: string;
  readonly statuses: string;
  readonly failed: string;
  readonly creations: string;
  readonly senders: string;
  readonly priced: string;
  readonly prices: readonly (string | null)[];
  readonly fees: readonly string[];
  readonly l1_known: string;
  readonly l1_fees: readonly string[];
}

/** Only transactions whose block was counted, in the version that was counted: those of a block still on its way are left out. */
async function readTxTotals(
  timeseries: Timeseries,
  network: string,
  asOf: NewestBlock,
  scope: StatsScope,
  { from_block: low, to_block: high }: BlockTotals,
): Promise<TxTotals | undefined> {
  const { inScope, params } = conditionsOf(scope, asOf);
  const [totals] = await timeseries.query<TxTotals>(
    `SELECT
       sum(${versionHash}) AS fingerprint,
       count(status) AS statuses,
       countIf(status = 0) AS failed,
       countIf(recipient IS NULL) AS creations,
       uniqExact(sender) AS senders,
       count(effective_gas_price) AS priced,
       quantilesExact(0.5, 0.95)(effective_gas_price) AS prices,
       ${wideProductSum('gas_used', 'ifNull(effective_gas_price, 0)')} AS fees,
       count(l1_fee) AS l1_known,
       ${wideSumIf('ifNull(l1_fee, 0)', 'true')} AS l1_fees
     FROM chain_txs FINAL
     WHERE network = {network:String} AND number BETWEEN {low:UInt64} AND {high:UInt64}
       AND (number, seq) IN (SELECT number, seq FROM chain_blocks FINAL
                              WHERE network = {network:String} AND number BETWEEN {low:UInt64} AND {high:UInt64} AND ${inScope})
     ${limits}`,
    { network, ...params, low, high },
  );
  return totals;
}

/** Stands for one version of one block. Its sum over transactions equals that of tx_count * it over blocks only if both saw the same. */
const versionHash = 'cityHash64(number, seq)';

function statsOf(scope: StatsScope, b: BlockTotals, t: TxTotals): StatsReading['counted'] {
  const blocks = integerOf(b.blocks);
  const transactions = integerOf(b.transactions);
  const coverage = coverageOf(scope, b, blocks);
  const spanSeconds = b.last_at - b.first_at;
  const blockTimeSeconds = blocks > 1 ? spanSeconds / (blocks - 1) : null;
  const [p50 = null, p95 = null] = t.prices;
  const priced = integerOf(t.priced);
  const l1Known = integerOf(t.l1_known);
  return {
    coverage,
    stats: {
      blocks,
      transactions,
      failedTransactions: t.statuses === '0' && transactions > 0 ? null : integerOf(t.failed),
      contractCreations: integerOf(t.creations),
      activeSenders: integerOf(t.senders),
      logs: integerOf(b.logs),
      gasUsed: wideSumOf(b.gas_used).toString(),
      blockTimeSeconds,
      tps: blockTimeSeconds === null || blockTimeSeconds === 0 ? null : transactions / blocks / blockTimeSeconds,
      gasPrice: priced === 0 || p50 === null || p95 === null ? null : { p50, p95 },
      executionFees: priced === 0 && transactions > 0 ? null : feesOf(priced, wideProductSumOf(t.fees)),
      l1DataFees: l1Known === 0 ? null : feesOf(l1Known, wideSumOf(t.l1_fees)),
      baseFeePerGas: baseFeesOf(b),
    },
  };
}

function coverageOf(scope: StatsScope, b: BlockTotals, blocks: number): Coverage {
  const [fromBlock, toBlock] = [integerOf(b.from_block), integerOf(b.to_block)];
  const whole = blocks === toBlock - fromBlock + 1;
  const covers = { fromBlock, toBlock, toHash: b.to_hash };
  switch (scope.kind) {
    case 'range':
      return { ...covers, complete: whole && fromBlock === scope.fromBlock && toBlock === scope.toBlock };
    case 'all':
      return { ...covers, complete: whole && fromBlock <= scope.firstBlock };
    case 'window':
      // The block below is held and older than the window: nothing of the window can be missing under it.
      return {
        ...covers,
        complete: whole && (fromBlock <= scope.firstBlock || b.block_below === String(fromBlock - 1)),
      };
  }
}

function feesOf(transactions: number, total: bigint): FeeTotals {
  const mean = transactions === 0 ? null : (total / BigInt(transactions)).toString();
  return { transactions, total: total.toString(), mean };
}

function baseFeesOf(b: BlockTotals): ChainStats['baseFeePerGas'] {
  const { base_fees: known, base_fee_newest: newest, base_fee_min: min, base_fee_max: max } = b;
  if (min === null || max === null) return null;
  return { newest, min, max, mean: (wideSumOf(b.base_fee) / BigInt(known)).toString() };
}
