import type { MetricDefinition } from './definition.ts';

const noBaseFee = 'no block counted has a base fee (EIP-1559)';
const noPrice = 'of no transaction counted the receipt tells the price';
const noL1Fee = 'no receipt tells an l1Fee: the chain does not charge for L1 data apart';
const tooWide = 'or a fee does not fit 256 bits';

function percentile(p: number, of: string): string {
  return `Percentile ${p} of ${of}: with the n known values in ascending order, the one at place floor(${p / 100} × n), counted from 0.`;
}

function executionFee<const P extends number>(p: P) {
  return {
    title: `Execution fee, percentile ${p}`,
    unit: 'wei',
    type: 'decimal',
    definition: percentile(p, "the transactions' gasUsed × effectiveGasPrice"),
    nullWhen: `${noPrice}, ${tooWide}`,
    from: 'distribution',
    columns: [`execution_fee_p${p}`],
  } as const;
}

function l1DataFee<const P extends number>(p: P) {
  return {
    title: `L1 data fee, percentile ${p}`,
    unit: 'wei',
    type: 'decimal',
    definition: percentile(p, "the transactions' l1Fee"),
    nullWhen: noL1Fee,
    from: 'distribution',
    columns: [`l1_fee_p${p}`],
  } as const;
}

function gasPrice<const P extends number>(p: P) {
  return {
    title: `Gas price, percentile ${p}`,
    unit: 'wei',
    type: 'decimal',
    definition: percentile(p, "the transactions' effectiveGasPrice"),
    nullWhen: noPrice,
    from: 'distribution',
    columns: [`gas_price_p${p}`],
  } as const;
}

/** What transactions pay, in wei of the network's native currency. */
export const feeMetrics = {
  baseFeeMean: {
    title: 'Base fee, mean',
    unit: 'wei',
    type: 'decimal',
    definition: 'Mean of baseFeePerGas over the blocks counted that have one, not weighted, rounded down to whole wei.',
    nullWhen: noBaseFee,
    from: 'sums',
    columns: ['base_fee_sum', 'base_fees'],
  },
  baseFeeMin: {
    title: 'Base fee, lowest',
    unit: 'wei',
    type: 'decimal',
    definition: 'The lowest baseFeePerGas of the blocks counted.',
    nullWhen: noBaseFee,
    from: 'sums',
    columns: ['base_fee_min'],
  },
  baseFeeMax: {
    title: 'Base fee, highest',
    unit: 'wei',
    type: 'decimal',
    definition: 'The highest baseFeePerGas of the blocks counted.',
    nullWhen: noBaseFee,
    from: 'sums',
    columns: ['base_fee_max'],
  },
  gasPriceP10: gasPrice(10),
  gasPriceP50: gasPrice(50),
  gasPriceP90: gasPrice(90),
  gasPriceP95: gasPrice(95),
  gasPriceP99: gasPrice(99),
  executionFeesTotal: {
    title: 'Execution fees',
    unit: 'wei',
    type: 'decimal',
    definition: 'Sum of gasUsed × effectiveGasPrice: what the transactions counted paid on this chain.',
    nullWhen: noPrice,
    from: 'sums',
    columns: ['execution_fee_sum', 'priced_txs'],
  },
  executionFeeMean: {
    title: 'Execution fee, mean',
    unit: 'wei',
    type: 'decimal',
    definition: 'executionFeesTotal / the transactions whose price is known, rounded down to whole wei.',
    nullWhen: noPrice,
    from: 'sums',
    columns: ['execution_fee_sum', 'priced_txs'],
  },
  executionFeeP10: executionFee(10),
  executionFeeP50: executionFee(50),
  executionFeeP90: executionFee(90),
  executionFeeP95: executionFee(95),
  executionFeeP99: executionFee(99),
  l1DataFeesTotal: {
    title: 'L1 data fees',
    unit: 'wei',
    type: 'decimal',
    definition: 'Sum of l1Fee (OP stack): what the transactions counted paid for being published to L1, on top.',
    nullWhen: noL1Fee,
    from: 'sums',
    columns: ['l1_fee_sum', 'l1_fee_txs'],
  },
  l1DataFeeMean: {
    title: 'L1 data fee, mean',
    unit: 'wei',
    type: 'decimal',
    definition: 'l1DataFeesTotal / the transactions whose l1Fee is known, rounded down to whole wei.',
    nullWhen: noL1Fee,
    from: 'sums',
    columns: ['l1_fee_sum', 'l1_fee_txs'],
  },
  l1DataFeeP10: l1DataFee(10),
  l1DataFeeP50: l1DataFee(50),
  l1DataFeeP90: l1DataFee(90),
  l1DataFeeP95: l1DataFee(95),
  l1DataFeeP99: l1DataFee(99),
  l1FeeShare: {
    title: 'L1 share of the fees',
    unit: 'share, 0 to 1',
    type: 'number',
    definition: 'l1DataFeesTotal / (executionFeesTotal + l1DataFeesTotal).',
    nullWhen: 'one of the two is null, or both are 0',
    from: 'sums',
    columns: ['execution_fee_sum', 'priced_txs', 'l1_fee_sum', 'l1_fee_txs'],
  },
} as const satisfies Record<string, MetricDefinition>;
