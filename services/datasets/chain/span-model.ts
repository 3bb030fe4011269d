import type { Span } from './span.ts';
import type { SpanDetails } from './span-details.ts';
import { type ChainModel, windowOf } from './window-model.ts';
import { windowSeconds } from './window-size.ts';
import type { SumOfFees, WindowSums } from './window-sums.ts';
import type { WindowFees } from './windows.ts';

/**
 * What a span of a network should be, for tests: as if its blocks were one window. Undefined while the chain has no block. The model's
 * clock must not go back, as no chain's does.
 */
export function modelSpan(
  network: string,
  { blocks, finalAt }: ChainModel,
  span: Span,
  startBlock: number,
): { sums: WindowSums; details: SpanDetails } | undefined {
  const newest = [...blocks.values()].sort((a, b) => a.number - b.number).at(-1);
  if (newest === undefined) return undefined;
  const bucket = windowSeconds[span.size];
  const from = Math.floor(newest.timestamp / bucket) * bucket + bucket - span.seconds;
  const counted = [...blocks.values()].filter(({ timestamp }) => timestamp >= from && timestamp <= newest.timestamp);
  const fromBlock = Math.min(...counted.map(({ number }) => number));
  const below = blocks.get(fromBlock - 1);
  const isWhole = counted.length === newest.number - fromBlock + 1;
  const isFromStart = fromBlock <= startBlock || (below !== undefined && below.timestamp < from);
  const asOf = { number: newest.number, hash: newest.hash, timestamp: newest.timestamp };
  const whole = windowOf(from, span.seconds, counted, blocks, finalAt);
  const { executionFees, l1DataFees, blockSeconds, finalityMs, transactions } = whole;
  const sums = {
    ...{ network, asOf, from, coverage: { fromBlock, toBlock: newest.number, complete: isWhole && isFromStart } },
    ...{ blocks: counted.length, transactions, failedTransactions: whole.failedTransactions },
    ...{ userOperations: whole.userOperations, contractCreations: whole.contractCreations, logs: whole.logs },
    ...{ gasUsed: whole.gasUsed, gasLimit: whole.gasLimit, baseFeePerGas: whole.baseFeePerGas },
    executionFees: executionFees === null && transactions === 0 ? noFees : meanOf(executionFees),
    l1DataFees: meanOf(l1DataFees),
    blockSeconds: blockSeconds && { count: blockSeconds.count, mean: blockSeconds.mean, max: blockSeconds.max },
    finalityMs: finalityMs && { count: finalityMs.count, max: finalityMs.max },
  };
  const details = {
    ...{ asOf, activeSenders: whole.activeSenders, activeAddresses: whole.activeAddresses },
    executionFee: executionFees?.percentiles ?? null,
    l1DataFee: l1DataFees?.percentiles ?? null,
    gasPrice: whole.gasPrice,
    blockSeconds: blockSeconds && { p50: blockSeconds.p50, p95: blockSeconds.p95 },
    finalityMs: finalityMs && { p50: finalityMs.p50, p95: finalityMs.p95 },
  };
  return { sums, details };
}

const noFees: SumOfFees = { transactions: 0, total: '0', mean: null };

function meanOf(fees: WindowFees | null): SumOfFees | null {
  if (fees === null) return null;
  const { transactions, total } = fees;
  return { transactions, total, mean: (BigInt(total) / BigInt(transactions)).toString() };
}
