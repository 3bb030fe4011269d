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
    const totals = await readTotals(timeseries, network, asOf, scope);
    if (totals.blocks.as_of_seq === asOf.seq) {
      const { blocks, txs } = totals;
      if (blocks.blocks === '0') return { asOf, counted: undefined };
      if (isOfOneChain(totals) && isExact(totals)) return { asOf, counted: statsOf(scope, blocks, txs) };
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

interface Totals {
  readonly blocks: BlockTotals;
  readonly txs: TxTotals;
}

/** How a value is computed of the rows of blocks, in their order in the tuple that they come as. */
function blockColumns(wide: boolean): Readonly<Record<keyof BlockTotals, string>> {
  return {
    as_of_seq: 'maxIf(seq, number = {asOf:UInt64})',
    blocks: 'countIf(counted)',
    from_block: 'minIf(number, counted)',
    to_block: 'maxIf(number, counted)',
    to_hash: 'argMaxIf(hash, number, counted)',
    first_at: 'toUnixTimestamp(minIf(timestamp, counted))',
    last_at: 'toUnixTimestamp(maxIf(timestamp, counted))',
    transactions: 'sumIf(tx_count, counted)',
    tx_fingerprint: `sumIf(tx_count * ${versionHash}, counted)`,
    logs: 'sumIf(log_count, counted)',
    gas_used: wide ? wideSumIf('gas_used', 'counted') : '[sumIf(gas_used, counted)]',
    base_fees: 'countIf(base_fee_per_gas, counted)',
    base_fee: wide
      ? wideSumIf('ifNull(base_fee_per_gas, 0)', 'counted')
      : '[ifNull(sumIf(base_fee_per_gas, counted), 0)]',
    base_fee_min: 'minIf(base_fee_per_gas, counted)',
    base_fee_max: 'maxIf(base_fee_per_gas, counted)',
    base_fee_newest: 'argMaxIf(tuple(base_fee_per_gas), number, counted).1',
    block_below: 'maxOrNullIf(number, NOT counted AND number < {asOf:UInt64})',
    exact: wide ? '1' : `${fits('maxIf(gas_used, counted)', 192)} AND ${fits('maxIf(base_fee_per_gas, counted)', 192)}`,
  };
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
  /** Whether no sum can have wrapped around. */
  readonly exact: number;
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
  readonly exact: number;
}

function txColumns(wide: boolean): Readonly<Record<keyof TxTotals, string>> {
  return {
    fingerprint: `sum(${versionHash})`,
    statuses: 'count(status)',
    failed: 'countIf(status = 0)',
    creations: 'countIf(recipient IS NULL)',
    senders: 'uniqExact(sender)',
    priced: 'count(effective_gas_price)',
    prices: 'quantilesExact(0.5, 0.95)(effective_gas_price)',
    fees: wide
      ? wideProductSum('gas_used', 'ifNull(effective_gas_price, 0)')
      : '[ifNull(sum(gas_used * effective_gas_price), 0)]',
    l1_known: 'count(l1_fee)',
    l1_fees: wide ? wideSumIf('ifNull(l1_fee, 0)', 'true') : '[ifNull(sum(l1_fee), 0)]',
    // 64 and 128 bits: a product has 192.
    exact: wide
      ? '1'
      : `${fits('max(gas_used)', 64)} AND ${fits('max(effective_gas_price)', 128)} AND ${fits('max(l1_fee)', 192)}`,
  };
}

/** Whether a value, if there is one, has so many bits at most; of 192 bits 2^64 can be added up in 256. */
function fits(value: string, bits: number): string {
  return `ifNull(bitShiftRight(${value}, ${bits}) = 0, true)`;
}

/**
 * What blocks and transactions add up to, read in one statement. Rows are merged, and numbers of any width added up, only where
 * what is quick says of itself that it will not do: rows of a block were stored twice, or a value is wider than any honest one.
 */
async function readTotals(
  timeseries: Timeseries,
  network: string,
  asOf: NewestBlock,
  scope: StatsScope,
): Promise<Totals> {
  const quick = await queryTotals(timeseries, network, asOf, scope, { wide: false, merged: false });
  const [oneChain, exact] = [isOfOneChain(quick), isExact(quick)];
  if (quick.blocks.as_of_seq !== asOf.seq || quick.blocks.blocks === '0' || (oneChain && exact)) return quick;
  return queryTotals(timeseries, network, asOf, scope, { wide: !exact, merged: !oneChain });
}

function isOfOneChain({ blocks, txs }: Totals): boolean {
  return txs.fingerprint === blocks.tx_fingerprint;
}

function isExact({ blocks, txs }: Totals): boolean {
  return blocks.exact === 1 && txs.exact === 1;
}

/** Only transactions whose block was counted, in the version that was counted: those of a block still on its way are left out. */
async function queryTotals(
  timeseries: Timeseries,
  network: string,
  asOf: NewestBlock,
  scope: StatsScope,
  { wide, merged }: { readonly wide: boolean; readonly merged: boolean },
): Promise<Totals> {
  const { rows, inScope, params } = conditionsOf(scope, asOf);
  const ofBlocks = blockColumns(wide);
  const names = Object.keys(ofBlocks) as (keyof BlockTotals)[];
  const place = (name: keyof BlockTotals) => `tupleElement(b, ${names.indexOf(name) + 1})`;
  const counted = `network = {network:String} AND number BETWEEN ${place('from_block')} AND ${place('to_block')}`;
  const ofTxs = Object.entries(txColumns(wide)).map(([name, value]) => `${value} AS ${name}`);
  const [found] = await timeseries.query<TxTotals & { readonly b: readonly unknown[] }>(
    `WITH (SELECT tuple(${Object.values(ofBlocks).join(', ')})
             FROM (SELECT *, ${inScope} AS counted FROM chain_blocks FINAL
                    WHERE network = {network:String} AND (number = {asOf:UInt64} OR (${rows})))) AS b
     SELECT b, ${ofTxs.join(', ')} FROM chain_txs ${merged ? 'FINAL' : ''}
      WHERE ${counted} AND (number, seq) IN (SELECT number, seq FROM chain_blocks FINAL WHERE ${counted} AND ${inScope})
     ${limits}`,
    { network, ...params },
  );
  if (found === undefined) throw new Error('an aggregate without a row');
  const { b, ...txs } = found;
  return { blocks: Object.fromEntries(names.map((name, at) => [name, b[at]])) as unknown as BlockTotals, txs };
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
