import type { SeriesAnswer } from '../../../../contracts/series-answers.ts';
import type { Line } from '../../ui/line-chart.tsx';

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

/** The buckets of one network as lines of a chart; a bucket without a block, and a metric without a value, are holes. */
export function linesOf(answer: SeriesAnswer): { readonly times: readonly number[]; readonly lines: readonly Line[] } {
  const buckets = answer.networks[0]?.buckets ?? [];
  const step = { minute: 60, hour: 3_600, day: 86_400 }[answer.bucket];
  const byStart = new Map(buckets.map((bucket) => [bucket.start, bucket.figures]));
  const first = buckets[0]?.start ?? answer.from;
  const last = buckets.at(-1)?.start ?? answer.from;
  const times = Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, at) => first + at * step);
  const lines = answer.metrics.map(({ id, title }) => ({
    label: title,
    values: times.map((time) => numberOf(byStart.get(time)?.[id])),
  }));
  return { times, lines };
}

/** A pixel is coarser than what a float loses. */
function numberOf(value: number | string | null | undefined): number | null {
  return value === null || value === undefined ? null : Number(value);
}
