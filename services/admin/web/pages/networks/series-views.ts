/** Charts of a network by name: the metrics of each, and what their values are. */
export const seriesViews = {
  'Gas price': { metrics: ['gasPriceP50', 'gasPriceP95', 'baseFeeMean'], unit: 'gas price' },
  Fees: { metrics: ['executionFeeP50', 'executionFeeP95', 'l1DataFeeP50'], unit: 'wei' },
  Activity: { metrics: ['tps', 'userOperationsPerSecond'], unit: 'rate' },
  Addresses: { metrics: ['activeSenders', 'activeAddresses'], unit: 'count' },
  'Blocks full': { metrics: ['gasUtilisation', 'failedShare'], unit: 'share' },
  'Block time': { metrics: ['blockTimeSeconds', 'blockTimeP95Seconds', 'finalityP50Seconds'], unit: 'seconds' },
} as const;
export type SeriesView = keyof typeof seriesViews;
export const seriesViewNames = Object.keys(seriesViews) as SeriesView[];
