import type { SeriesAnswer } from '../../../contracts/series-answers.ts';
import type { Line } from './line-chart.tsx';

/** Lines of a chart over the starts of buckets, Unix seconds; a bucket without a block, and a metric without a value, are holes. */
export interface SeriesLines {
  readonly times: readonly number[];
  readonly lines: readonly Line[];
}

const stepSeconds = { minute: 60, hour: 3_600, day: 86_400 } as const;

/** Every bucket from the first of the starts to the last. */
export function timesOf(starts: readonly number[], bucket: SeriesAnswer['bucket']): readonly number[] {
  const step = stepSeconds[bucket];
  const first = starts.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const last = starts.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return first > last ? [] : Array.from({ length: (last - first) / step + 1 }, (_, at) => first + at * step);
}

/** A line each metric, of the one network of the answer. */
export function metricLinesOf(answer: SeriesAnswer): SeriesLines {
  const buckets = answer.networks[0]?.buckets ?? [];
  const times = timesOf(startsOf(buckets), answer.bucket);
  const lines = answer.metrics.map(({ id, title }) => ({ label: title, values: valuesOf(buckets, id, times) }));
  return { times, lines };
}

/** A line each network, of the one metric of the answer. */
export function networkLinesOf(answer: SeriesAnswer): SeriesLines {
  const [metric] = answer.metrics;
  const times = timesOf(
    answer.networks.flatMap(({ buckets }) => startsOf(buckets)),
    answer.bucket,
  );
  const lines = answer.networks.map(({ name, buckets }) => ({
    label: name,
    values: valuesOf(buckets, metric?.id ?? '', times),
  }));
  return { times, lines };
}

type Buckets = SeriesAnswer['networks'][number]['buckets'];

function startsOf(buckets: Buckets): number[] {
  return buckets.map(({ start }) => start);
}

/** A pixel is coarser than what a float loses. */
function valuesOf(buckets: Buckets, metric: string, times: readonly number[]): (number | null)[] {
  const byStart = new Map(buckets.map(({ start, figures }) => [start, figures[metric]]));
  return times.map((time) => {
    const value = byStart.get(time);
    return value === null || value === undefined ? null : Number(value);
  });
}
