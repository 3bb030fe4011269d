import { setTimeout as sleep } from 'node:timers/promises';
import { RetryableError } from '../../runtime/errors.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import type { Decimal, Hex } from './block.ts';
import { countTooWide, feeQuantiles } from './fee-quantiles.ts';
import type { BlockStamp } from './read.ts';
import { integerOf } from './rows.ts';
import type { WindowSums } from './window-sums.ts';
import type { Percentiles } from './windows.ts';

/** Of a network over a span: what cannot be summed from windows, exactly. Null where the chain does not have the datum. */
export interface SpanDetails {
  /**
   * The block that was counted up to. That of the sums, unless the chain was reorganised since the windows were computed: then
   * its successor at this height.
   */
  readonly asOf: BlockStamp;
  /** Distinct senders. */
  readonly activeSenders: number;
  /** Distinct senders and recipients. */
  readonly activeAddresses: number;
  /** gasUsed * effectiveGasPrice; null also if one does not fit 256 bits. */
  readonly executionFee: Percentiles | null;
  readonly l1DataFee: Percentiles | null;
  /** effectiveGasPrice. */
  readonly gasPrice: Percentiles | null;
  /** From parent to block, where the parent is held. */
  readonly blockSeconds: { readonly p50: number; readonly p95: number } | null;
  /** From a block's timestamp to when it was seen to be final, where that was seen. */
  readonly finalityMs: { readonly p50: number; readonly p95: number } | null;
}

/**
 * Reads the raw rows of the blocks that `sums` counts: those from coverage.fromBlock to coverage.toBlock with
 * from <= timestamp <= asOf.timestamp. All of it is of one chain: a read that met a writer or a reorg half-way is made again.
 * Null where the first of them are gone for their age: of a network that stands still, the span may be older than what is kept.
 * Throws RetryableError when a writer was met half-way every time.
 */
export async function readSpanDetails(timeseries: Timeseries, sums: WindowSums): Promise<SpanDetails | null> {
  const { network, from, asOf, coverage } = sums;
  const [low, high] = [coverage.fromBlock, coverage.toBlock];
  const scope = { network, low, high, below: Math.max(0, low - 1), from, to: asOf.timestamp };
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const [blocks] = await timeseries.query<BlockDetails>(blockDetails, scope);
    if (blocks !== undefined && blocks.blocks !== '0') {
      if (integerOf(blocks.first_block) > low) return null;
      const [txs] = await timeseries.query<TxDetails>(txDetails, scope);
      if (txs?.fingerprint === blocks.tx_fingerprint) return detailsOf(blocks, txs);
    }
    // None at all: they are gone for good, or a writer is between a block and its successor.
    if (blocks?.blocks === '0' && attempt === attempts) return null;
    await sleep(waitStepMs * attempt);
  }
  throw new RetryableError(`details of ${network}: blocks and transactions did not agree in ${attempts} reads`);
}

/** A read that takes longer than this is not for an API; ClickHouse ends it, and the caller is told to try again. */
const limits = 'SETTINGS max_execution_time = 10';
/** A writer is between its tables for some tens of milliseconds; all attempts together outlast a large batch. */
const attempts = 10;
const waitStepMs = 15;

/** Stands for one version of one block: its sum over transactions is that of tx_count * it over blocks only if both saw the same. */
const versionHash = 'cityHash64(number, seq)';
const inBounds = 'network = {network:String} AND number BETWEEN {low:UInt64} AND {high:UInt64}';
const inTime = 'toUnixTimestamp(timestamp) BETWEEN {from:Int64} AND {to:Int64}';

interface BlockDetails {
  readonly as_of: readonly [number: string, hash: Hex, at: string];
  readonly blocks: string;
  readonly first_block: string;
  readonly tx_fingerprint: string;
  readonly block_times: string;
  readonly block_seconds: readonly string[];
  readonly final_blocks: string;
  readonly finality_ms: readonly string[];
}

// The block below the lowest one is read too: as its parent.
const blockDetails = `
  SELECT argMax((number, hash, at), number) AS as_of, count() AS blocks, min(number) AS first_block, sum(tx_count * ${versionHash}) AS tx_fingerprint,
    countIf(has_parent) AS block_times, quantilesExactIf(0.5, 0.95)(at - parent_at, has_parent) AS block_seconds,
    countIf(observed_at_ms > 0) AS final_blocks,
    quantilesExactIf(0.5, 0.95)(observed_at_ms - at * 1000, observed_at_ms > 0) AS finality_ms
  FROM (
    SELECT *, toInt64(toUnixTimestamp(timestamp)) AS at,
      lagInFrame(toInt64(number), 1, -2) OVER beside = number - 1 AS has_parent, lagInFrame(at) OVER beside AS parent_at
    FROM chain_blocks FINAL
    WHERE network = {network:String} AND number BETWEEN {below:UInt64} AND {high:UInt64}
    WINDOW beside AS (ORDER BY number ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
  ) AS block
  LEFT JOIN (SELECT number, observed_at_ms FROM chain_finality FINAL WHERE ${inBounds}) AS final USING (number)
  WHERE number >= {low:UInt64} AND ${inTime} ${limits}`;

interface TxDetails {
  readonly fingerprint: string;
  readonly senders: string;
  readonly addresses: string;
  readonly priced: string;
  readonly prices: readonly Decimal[];
  readonly fees: readonly Decimal[];
  readonly too_wide: string;
  readonly l1_known: string;
  readonly l1_fees: readonly Decimal[];
}

const txDetails = `
  WITH ifNull(effective_gas_price, 0) AS price
  SELECT sum(${versionHash}) AS fingerprint,
    uniqExact(sender) AS senders, uniqExactArray([sender, ifNull(recipient, sender)]) AS addresses,
    count(effective_gas_price) AS priced, ${feeQuantiles}(effective_gas_price) AS prices,
    ${feeQuantiles}(gas_used * effective_gas_price) AS fees, ${countTooWide('price')} AS too_wide,
    count(l1_fee) AS l1_known, ${feeQuantiles}(l1_fee) AS l1_fees
  FROM chain_txs FINAL
  WHERE ${inBounds} AND (number, seq) IN (SELECT number, seq FROM chain_blocks FINAL WHERE ${inBounds} AND ${inTime})
  ${limits}`;

function detailsOf(b: BlockDetails, t: TxDetails): SpanDetails {
  const [number, hash, at] = b.as_of;
  const hasPrices = t.priced !== '0';
  return {
    asOf: { number: integerOf(number), hash, timestamp: integerOf(at) },
    activeSenders: integerOf(t.senders),
    activeAddresses: integerOf(t.addresses),
    executionFee: hasPrices && t.too_wide === '0' ? percentilesOf(t.fees) : null,
    l1DataFee: t.l1_known === '0' ? null : percentilesOf(t.l1_fees),
    gasPrice: hasPrices ? percentilesOf(t.prices) : null,
    blockSeconds: b.block_times === '0' ? null : spreadOf(b.block_seconds),
    finalityMs: b.final_blocks === '0' ? null : spreadOf(b.finality_ms),
  };
}

function percentilesOf([p10, p50, p90, p95, p99]: readonly Decimal[]): Percentiles | null {
  if (p10 === undefined || p50 === undefined || p90 === undefined || p95 === undefined || p99 === undefined)
    return null;
  return { p10, p50, p90, p95, p99 };
}

function spreadOf([p50, p95]: readonly string[]): { p50: number; p95: number } | null {
  return p50 === undefined || p95 === undefined ? null : { p50: Number(p50), p95: Number(p95) };
}
