import type { DistributionMetricId } from '../../contracts/analytics-metrics.ts';
import type { feeMetrics } from '../../contracts/metrics/fees.ts';
import type { Decimal } from '../../datasets/chain/block.ts';
import type { Distribution, Fees, Measures, TakenFrom } from './metric.ts';

type FeeId = keyof typeof feeMetrics;
type DistributionId = FeeId & DistributionMetricId;

export const feeSums: TakenFrom<Measures, Exclude<FeeId, DistributionId>> = {
  baseFeeMean: ({ baseFeePerGas }) => baseFeePerGas?.mean ?? null,
  baseFeeMin: ({ baseFeePerGas }) => baseFeePerGas?.min ?? null,
  baseFeeMax: ({ baseFeePerGas }) => baseFeePerGas?.max ?? null,
  executionFeesTotal: ({ executionFees }) => totalOf(executionFees),
  executionFeeMean: ({ executionFees }) => meanOf(executionFees),
  l1DataFeesTotal: ({ l1DataFees }) => totalOf(l1DataFees),
  l1DataFeeMean: ({ l1DataFees }) => meanOf(l1DataFees),
  l1FeeShare: ({ executionFees, l1DataFees }) => {
    const [execution, l1] = [totalOf(executionFees), totalOf(l1DataFees)];
    if (execution === null || l1 === null) return null;
    const all = BigInt(execution) + BigInt(l1);
    return all === 0n ? null : Number(l1) / Number(all);
  },
};

export const distributionOfFees: TakenFrom<Distribution, DistributionId> = {
  gasPriceP10: ({ gasPrice }) => gasPrice?.p10 ?? null,
  gasPriceP50: ({ gasPrice }) => gasPrice?.p50 ?? null,
  gasPriceP90: ({ gasPrice }) => gasPrice?.p90 ?? null,
  gasPriceP95: ({ gasPrice }) => gasPrice?.p95 ?? null,
  gasPriceP99: ({ gasPrice }) => gasPrice?.p99 ?? null,
  executionFeeP10: ({ executionFee }) => executionFee?.p10 ?? null,
  executionFeeP50: ({ executionFee }) => executionFee?.p50 ?? null,
  executionFeeP90: ({ executionFee }) => executionFee?.p90 ?? null,
  executionFeeP95: ({ executionFee }) => executionFee?.p95 ?? null,
  executionFeeP99: ({ executionFee }) => executionFee?.p99 ?? null,
  l1DataFeeP10: ({ l1DataFee }) => l1DataFee?.p10 ?? null,
  l1DataFeeP50: ({ l1DataFee }) => l1DataFee?.p50 ?? null,
  l1DataFeeP90: ({ l1DataFee }) => l1DataFee?.p90 ?? null,
  l1DataFeeP95: ({ l1DataFee }) => l1DataFee?.p95 ?? null,
  l1DataFeeP99: ({ l1DataFee }) => l1DataFee?.p99 ?? null,
};

/** A span without transactions has no fees, as a bucket: whether the chain would tell them is not known. */
function totalOf(fees: Fees | null): Decimal | null {
  return fees === null || fees.transactions === 0 ? null : fees.total;
}

function meanOf(fees: Fees | null): Decimal | null {
  return fees === null || fees.transactions === 0 ? null : (BigInt(fees.total) / BigInt(fees.transactions)).toString();
}
