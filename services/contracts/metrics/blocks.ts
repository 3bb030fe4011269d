import type { MetricDefinition } from './definition.ts';

const noBlockTime = 'no block was counted whose parent is held';
const noFinality = 'of no block counted it was seen when it became final';
const percentile = 'With the n values in ascending order, the one at place floor(p × n), counted from 0.';

/** How a network makes blocks: time, finality, room. */
export const blockMetrics = {
  blockTimeSeconds: {
    title: 'Block time',
    unit: 'seconds',
    type: 'number',
    definition:
      "Mean over the blocks counted whose parent is held: the block's timestamp - its parent's. The parent may be older than what is counted.",
    nullWhen: noBlockTime,
    from: 'sums',
    columns: ['block_seconds_sum', 'block_times'],
  },
  blockTimeMaxSeconds: {
    title: 'Longest block time',
    unit: 'seconds',
    type: 'number',
    definition: 'The largest of the block times, see blockTimeSeconds.',
    nullWhen: noBlockTime,
    from: 'sums',
    columns: ['block_seconds_max'],
  },
  blockTimeP50Seconds: {
    title: 'Median block time',
    unit: 'seconds',
    type: 'number',
    definition: `Percentile 50 of the block times, see blockTimeSeconds. ${percentile}`,
    nullWhen: noBlockTime,
    from: 'distribution',
    columns: ['block_seconds_p50'],
  },
  blockTimeP95Seconds: {
    title: 'Block time, percentile 95',
    unit: 'seconds',
    type: 'number',
    definition: `Percentile 95 of the block times, see blockTimeSeconds. ${percentile}`,
    nullWhen: noBlockTime,
    from: 'distribution',
    columns: ['block_seconds_p95'],
  },
  finalityMaxSeconds: {
    title: 'Longest time to finality',
    unit: 'seconds',
    type: 'number',
    definition:
      "The largest time from a block's timestamp to when it was first seen to be final, over the blocks counted for which that was seen: not those that were final already when we first asked.",
    nullWhen: noFinality,
    from: 'sums',
    columns: ['finality_ms_max'],
  },
  finalityP50Seconds: {
    title: 'Median time to finality',
    unit: 'seconds',
    type: 'number',
    definition: `Percentile 50 of the times to finality, see finalityMaxSeconds. ${percentile}`,
    nullWhen: noFinality,
    from: 'distribution',
    columns: ['finality_ms_p50'],
  },
  finalityP95Seconds: {
    title: 'Time to finality, percentile 95',
    unit: 'seconds',
    type: 'number',
    definition: `Percentile 95 of the times to finality, see finalityMaxSeconds. ${percentile}`,
    nullWhen: noFinality,
    from: 'distribution',
    columns: ['finality_ms_p95'],
  },
  gasUsed: {
    title: 'Gas used',
    unit: 'gas',
    type: 'decimal',
    definition: "Sum of the blocks' gasUsed.",
    nullWhen: null,
    from: 'sums',
    columns: ['gas_used'],
  },
  gasPerSecond: {
    title: 'Gas a second',
    unit: 'gas/s',
    type: 'number',
    definition: '(gasUsed / blocks) / blockTimeSeconds.',
    nullWhen: 'blockTimeSeconds is null or 0',
    from: 'sums',
    columns: ['gas_used', 'blocks', 'block_seconds_sum', 'block_times'],
  },
  gasUtilisation: {
    title: 'Gas utilisation',
    unit: 'share, 0 to 1',
    type: 'number',
    definition:
      "gasUsed / the sum of the blocks' gasLimit. Stacks that state a limit nobody can reach (Arbitrum: 2^50) are near 0.",
    nullWhen: 'the sum of the gas limits is 0',
    from: 'sums',
    columns: ['gas_used', 'gas_limit'],
  },
} as const satisfies Record<string, MetricDefinition>;
