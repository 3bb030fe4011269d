import type { Timeseries } from '../../stores/timeseries.ts';
import { countTooWide, feeQuantiles } from './fee-quantiles.ts';
import { integerOf } from './rows.ts';
import {
  arbitrumInternalType,
  depositType,
  entryPoints,
  l1AttributesDepositor,
  userOperationTopic,
} from './user-operations.ts';
import { wideProductSum, wideProductSumOf, wideSumIf, wideSumOf } from './wide-sums.ts';
import { type WindowSize, windowSeconds } from './window-size.ts';

/** The columns of chain_windows that follow from blocks, transactions, logs and finality alone. */
export type WindowTotals = ReturnType<typeof totalsOf>;

/** Starts that are further apart than so many windows are read apart: what lies between would be read for nothing. */
const gapMax = 10;
/** Nor are so many windows read at once that their values would fill the store's memory. */
const windowsMax: Record<WindowSize, number> = { minute: 240, hour: 24, day: 1 };

const percentiles = ['p10', 'p50', 'p90', 'p95', 'p99'] as const;

/**
 * Computes windows from the raw tables, in the order of `starts`; one without blocks is all zeros. Percentiles are the value at
 * place floor(p * n), counted from 0, of the n known values in ascending order. Only transactions are counted whose block stands in
 * the canonical chain with the same `seq`.
 */
export async function readWindowTotals(
  timeseries: Timeseries,
  network: string,
  size: WindowSize,
  starts: readonly number[],
): Promise<{ start: number; totals: WindowTotals }[]> {
  const read: { start: number; totals: WindowTotals }[] = [];
  for (const run of runsOf(starts, size)) read.push(...(await readRun(timeseries, network, windowSeconds[size], run)));
  return read;
}

function runsOf(starts: readonly number[], size: WindowSize): number[][] {
  const runs: number[][] = [];
  for (const start of [...new Set(starts)].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    const before = last?.at(-1);
    const isNear = before !== undefined && start - before <= gapMax * windowSeconds[size];
    if (last !== undefined && isNear && last.length < windowsMax[size]) last.push(start);
    else runs.push([start]);
  }
  return runs;
}

async function readRun(
  timeseries: Timeseries,
  network: string,
  seconds: number,
  starts: readonly number[],
): Promise<{ start: number; totals: WindowTotals }[]> {
  const [first = 0, last = 0] = [starts[0], starts.at(-1)];
  const time = { network, seconds, starts, from: first, to: last + seconds };
  // Any version of a block of that time will do: it only bounds what is read, so that a minute costs the same on a long chain.
  const [bounds] = await timeseries.query<{ rows: string; low: string; high: string }>(
    `SELECT count() AS rows, min(number) AS low, max(number) AS high FROM chain_blocks
      WHERE network = {network:String} AND ${inTime}`,
    time,
  );
  const none = { blocks: new Map<number, BlockRow>(), txs: new Map<number, TxRow>() };
  const { blocks, txs } = bounds === undefined || bounds.rows === '0' ? none : await readRows(timeseries, time, bounds);
  return starts.map((start) => ({ start, totals: totalsOf(start, blocks.get(start), txs.get(start)) }));
}

/** To compile expressions costs more than to evaluate them for a minute's rows. */
const settings = 'SETTINGS compile_expressions = 0, compile_aggregate_expressions = 0, compile_sort_description = 0';
/** Also of a block's transactions and logs: it says in which partitions they are. */
const inTime = 'timestamp >= toDateTime({from:UInt32}) AND timestamp < toDateTime({to:UInt32})';
const startOf = 'intDiv(toUnixTimestamp(timestamp), {seconds:UInt32}) * {seconds:UInt32}';
const inBounds = 'network = {network:String} AND number BETWEEN {low:UInt64} AND {high:UInt64}';
// Without FINAL, which opens every partition with all columns: of each number the row with the highest seq counts, and a row that went has
// its retraction beside it, under its own time.
const isCanonical = `(number, seq) IN (
  SELECT number, max(seq) FROM chain_blocks WHERE ${inBounds} AND ${inTime} AND ${startOf} IN {starts:Array(UInt32)}
   GROUP BY number HAVING argMax(deleted, seq) = 0)`;

async function readRows(
  timeseries: Timeseries,
  time: Record<string, unknown>,
  { low, high }: { readonly low: string; readonly high: string },
): Promise<{ blocks: Map<number, BlockRow>; txs: Map<number, TxRow> }> {
  const [below, above] = [low === '0' ? low : BigInt(low) - 1n, BigInt(high) + 1n];
  const params = { ...time, low, high, below: String(below), above: String(above) };
  const blocks = await timeseries.query<BlockRow>(blockTotals, params);
  if (blocks.length === 0) return { blocks: new Map(), txs: new Map() };
  const txs = await timeseries.query<TxRow>(txTotals, params);
  const byStart = <R extends { readonly start: string }>(rows: readonly R[]): Map<number, R> =>
    new Map(rows.map((row) => [integerOf(row.start), row]));
  return { blocks: byStart(blocks), txs: byStart(txs) };
}

interface BlockRow {
  readonly start: string;
  readonly blocks: string;
  readonly first_block: string;
  readonly below_at: number | null;
  readonly last_block: string;
  readonly last: readonly [hash: string, at: string];
  readonly has_lower_edge: number;
  readonly has_upper_edge: number;
  readonly txs: string;
  readonly logs: string;
  readonly gas_used: readonly string[];
  readonly gas_limit: readonly string[];
  readonly base_fees: string;
  readonly base_fee: readonly string[];
  readonly base_fee_min: string | null;
  readonly base_fee_max: string | null;
  readonly block_times: string;
  readonly block_seconds_sum: string;
  readonly block_seconds: readonly string[];
  readonly block_seconds_max: string;
  readonly final_blocks: string;
  readonly finality_ms: readonly string[];
  readonly finality_ms_max: string;
}

// A block and its neighbours stand side by side; those of the lowest and the highest block may be of other windows.
const blockTotals = `
  SELECT ${startOf} AS start,
    count() AS blocks, min(number) AS first_block, max(number) AS last_block,
    argMin(tuple(if(has_parent, toUInt32(parent_at), NULL)), number).1 AS below_at, argMax((hash, at), number) AS last,
    argMin(number = 0 OR (has_parent AND parent_at < start), number) AS has_lower_edge,
    argMax(has_child AND child_at >= start + {seconds:UInt32}, number) AS has_upper_edge,
    sum(tx_count) AS txs, sum(log_count) AS logs,
    ${wideSumIf('gas_used', 'true')} AS gas_used,
    ${wideSumIf('gas_limit', 'true')} AS gas_limit,
    count(base_fee_per_gas) AS base_fees, ${wideSumIf('ifNull(base_fee_per_gas, 0)', 'true')} AS base_fee,
    min(base_fee_per_gas) AS base_fee_min, max(base_fee_per_gas) AS base_fee_max,
    countIf(has_parent) AS block_times, sumIf(at - parent_at, has_parent) AS block_seconds_sum,
    quantilesExactIf(0.5, 0.95)(at - parent_at, has_parent) AS block_seconds,
    maxIf(at - parent_at, has_parent) AS block_seconds_max,
    countIf(observed_at_ms > 0) AS final_blocks,
    quantilesExactIf(0.5, 0.95)(observed_at_ms - at * 1000, observed_at_ms > 0) AS finality_ms,
    maxIf(observed_at_ms - at * 1000, observed_at_ms > 0) AS finality_ms_max
  FROM (
    SELECT *, toInt64(toUnixTimestamp(timestamp)) AS at,
      lagInFrame(toInt64(number), 1, -2) OVER beside = number - 1 AS has_parent, lagInFrame(at) OVER beside AS parent_at,
      leadInFrame(toInt64(number), 1, -2) OVER beside = number + 1 AS has_child, leadInFrame(at) OVER beside AS child_at
    FROM (
      SELECT * FROM chain_blocks WHERE network = {network:String} AND number BETWEEN {below:UInt64} AND {above:UInt64}
       ORDER BY number, seq DESC LIMIT 1 BY number)
    WHERE deleted = 0
    WINDOW beside AS (ORDER BY number ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING)
  ) AS block
  LEFT JOIN (
    SELECT number, argMax(f.observed_at_ms, seq) AS observed_at_ms FROM chain_finality AS f WHERE ${inBounds}
     GROUP BY number HAVING argMax(deleted, seq) = 0) AS final USING (number)
  WHERE ${inTime} AND ${startOf} IN {starts:Array(UInt32)}
  GROUP BY start ${settings}`;

interface TxRow {
  readonly start: string;
  readonly statuses: string;
  readonly failed: string;
  readonly creations: string;
  readonly user_ops: string;
  readonly senders: string;
  readonly addresses: string;
  readonly priced: string;
  readonly prices: readonly string[];
  readonly fees: readonly string[];
  readonly fee_limbs: readonly string[];
  readonly l1_known: string;
  readonly l1_fees: readonly string[];
  readonly l1_limbs: readonly string[];
  readonly too_wide: string;
}

// Of a block's version each log is one however often it was stored: without FINAL only the topics need to be read of all others.
const userOperations = `
  SELECT number, tx_index, uniqExact(log_index) AS ops FROM chain_logs
   WHERE topic0 = '${userOperationTopic}' AND address IN (${entryPoints.map((address) => `'${address}'`).join()})
     AND ${inBounds} AND ${inTime} AND ${isCanonical}
   GROUP BY number, tx_index`;
const isOfChain = `type = ${arbitrumInternalType} OR (type = ${depositType} AND sender = '${l1AttributesDepositor}')`;

const txTotals = `
  WITH ifNull(effective_gas_price, 0) AS price
  SELECT ${startOf} AS start,
    count(status) AS statuses, countIf(status = 0) AS failed, countIf(recipient IS NULL) AS creations,
    sumIf(greatest(ops, 1), NOT (${isOfChain})) AS user_ops,
    uniqExact(sender) AS senders, uniqExactArray([sender, ifNull(recipient, sender)]) AS addresses,
    count(effective_gas_price) AS priced,
    ${feeQuantiles}(effective_gas_price) AS prices,
    ${feeQuantiles}(gas_used * effective_gas_price) AS fees,
    ${wideProductSum('gas_used', 'price')} AS fee_limbs,
    count(l1_fee) AS l1_known, ${feeQuantiles}(l1_fee) AS l1_fees, ${wideSumIf('ifNull(l1_fee, 0)', 'true')} AS l1_limbs,
    ${countTooWide('price')} AS too_wide
  FROM chain_txs FINAL
  LEFT JOIN (${userOperations}) AS carried USING (number, tx_index)
  WHERE ${inBounds} AND ${inTime} AND ${isCanonical}
  GROUP BY start ${settings}`;

function totalsOf(start: number, b: BlockRow | undefined, t: TxRow | undefined) {
  const blocks = b === undefined ? 0 : integerOf(b.blocks);
  const [first, last] = b === undefined ? [null, null] : [integerOf(b.first_block), integerOf(b.last_block)];
  const isWhole = first !== null && last !== null && last - first + 1 === blocks;
  const hasEdges = b?.has_lower_edge === 1 && b.has_upper_edge === 1;
  const fees = t === undefined || t.priced === '0' || t.too_wide !== '0' ? [] : t.fees;
  return {
    start,
    blocks,
    first_block: first,
    below_at: b?.below_at ?? null,
    last_block: last,
    last_hash: b?.last[0] ?? '',
    last_at: b?.last[1] ?? 0,
    complete: isWhole && hasEdges ? 1 : 0,
    txs: b?.txs ?? '0',
    failed_txs: b !== undefined && b.txs !== '0' && (t?.statuses ?? '0') === '0' ? null : (t?.failed ?? '0'),
    contract_creations: t?.creations ?? '0',
    user_ops: t?.user_ops ?? '0',
    logs: b?.logs ?? '0',
    active_senders: t?.senders ?? '0',
    active_addresses: t?.addresses ?? '0',
    gas_used: wideSumOf(b?.gas_used ?? []).toString(),
    gas_limit: wideSumOf(b?.gas_limit ?? []).toString(),
    base_fees: b?.base_fees ?? '0',
    base_fee_sum: wideSumOf(b?.base_fee ?? []).toString(),
    base_fee_min: b?.base_fee_min ?? null,
    base_fee_max: b?.base_fee_max ?? null,
    priced_txs: t?.priced ?? '0',
    execution_fee_sum: wideProductSumOf(t?.fee_limbs ?? []).toString(),
    ...percentilesOf('execution_fee', fees),
    ...percentilesOf('gas_price', t === undefined || t.priced === '0' ? [] : t.prices),
    l1_fee_txs: t?.l1_known ?? '0',
    l1_fee_sum: wideSumOf(t?.l1_limbs ?? []).toString(),
    ...percentilesOf('l1_fee', t === undefined || t.l1_known === '0' ? [] : t.l1_fees),
    block_times: b?.block_times ?? '0',
    block_seconds_sum: b?.block_seconds_sum ?? '0',
    ...spreadOf(
      'block_seconds',
      b === undefined || b.block_times === '0' ? undefined : b.block_seconds,
      b?.block_seconds_max,
    ),
    final_blocks: b?.final_blocks ?? '0',
    ...spreadOf(
      'finality_ms',
      b === undefined || b.final_blocks === '0' ? undefined : b.finality_ms,
      b?.finality_ms_max,
    ),
  };
}

function percentilesOf(name: string, values: readonly string[]): Record<string, string | null> {
  return Object.fromEntries(percentiles.map((percentile, at) => [`${name}_${percentile}`, values[at] ?? null]));
}

function spreadOf(
  name: string,
  values: readonly string[] | undefined,
  max: string | undefined,
): Record<string, string | null> {
  return {
    [`${name}_p50`]: values?.[0] ?? null,
    [`${name}_p95`]: values?.[1] ?? null,
    [`${name}_max`]: values === undefined ? null : (max ?? null),
  };
}
