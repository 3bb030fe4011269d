import type { Decimal } from '../../datasets/chain/block.ts';
import type { TxAppended } from '../../datasets/chain/changes.ts';

/** What a block's transactions paid, in wei: to execute, and to publish to L1. Null where the chain does not say. */
export interface BlockFees {
  readonly execution: Decimal | null;
  readonly l1Data: Decimal | null;
}

/** Of those transactions for which it is known: sum, mean (rounded down) and percentiles of gasUsed × price or of l1Fee, in wei. */
export interface FeeSpread {
  readonly transactions: number;
  readonly total: Decimal;
  readonly mean: Decimal;
  readonly p50: Decimal;
  readonly p95: Decimal;
}

type Priced = Pick<TxAppended, 'gasUsed' | 'effectiveGasPrice' | 'l1Fee'>;

/** A block without transactions paid nothing; of one that has some, of which none tells, nothing is known. */
export function feesOf(txs: readonly Priced[]): BlockFees {
  const execution = executionFees(txs);
  const l1Data = l1Fees(txs);
  return {
    execution: execution.length === 0 && txs.length > 0 ? null : String(sum(execution)),
    l1Data: l1Data.length === 0 ? null : String(sum(l1Data)),
  };
}

/** L2 and L1 apart; null where no transaction of the block tells. */
export function feeSpreadsOf(txs: readonly Priced[]): { execution: FeeSpread | null; l1Data: FeeSpread | null } {
  return { execution: spreadOf(executionFees(txs)), l1Data: spreadOf(l1Fees(txs)) };
}

/** Percentiles of effectiveGasPrice; null where no transaction of the block has one. */
export function gasPricesOf(txs: readonly Priced[]): { p10: Decimal; p50: Decimal; p90: Decimal; p95: Decimal } | null {
  const prices = txs.flatMap(({ effectiveGasPrice }) =>
    effectiveGasPrice === null ? [] : [BigInt(effectiveGasPrice)],
  );
  if (prices.length === 0) return null;
  const at = placesOf(prices);
  return { p10: at(0.1), p50: at(0.5), p90: at(0.9), p95: at(0.95) };
}

function executionFees(txs: readonly Priced[]): bigint[] {
  return txs.flatMap(({ gasUsed, effectiveGasPrice: price }) =>
    price === null ? [] : [BigInt(gasUsed) * BigInt(price)],
  );
}

function l1Fees(txs: readonly Priced[]): bigint[] {
  return txs.flatMap(({ l1Fee }) => (l1Fee === null ? [] : [BigInt(l1Fee)]));
}

function spreadOf(fees: bigint[]): FeeSpread | null {
  if (fees.length === 0) return null;
  const total = sum(fees);
  const at = placesOf(fees);
  const mean = String(total / BigInt(fees.length));
  return { transactions: fees.length, total: String(total), mean, p50: at(0.5), p95: at(0.95) };
}

/** The value at place floor(share × n), counted from 0, of the n values in ascending order: as in the statistics of a network. */
function placesOf(values: bigint[]): (share: number) => Decimal {
  values.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return (share) => String(values[Math.floor(share * values.length)]);
}

function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}
