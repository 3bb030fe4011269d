import type { activityMetrics } from '../../contracts/metrics/activity.ts';
import type { Distribution, Measures, TakenFrom } from './metric.ts';
import { perSecond } from './metrics-blocks.ts';

type DistributionId = 'activeSenders' | 'activeAddresses';

export const activitySums: TakenFrom<Measures, Exclude<keyof typeof activityMetrics, DistributionId>> = {
  blocks: ({ blocks }) => blocks,
  transactions: ({ transactions }) => transactions,
  tps: (measures) => perSecond(measures.transactions, measures),
  userOperations: ({ userOperations }) => userOperations,
  userOperationsPerSecond: (measures) => perSecond(measures.userOperations, measures),
  failedTransactions: ({ failedTransactions }) => failedTransactions,
  failedShare: ({ failedTransactions: failed, transactions }) =>
    failed === null || transactions === 0 ? null : failed / transactions,
  contractCreations: ({ contractCreations }) => contractCreations,
  logs: ({ logs }) => logs,
  logsPerSecond: (measures) => perSecond(measures.logs, measures),
};

export const distributionOfActivity: TakenFrom<Distribution, DistributionId> = {
  activeSenders: ({ activeSenders }) => activeSenders,
  activeAddresses: ({ activeAddresses }) => activeAddresses,
};
