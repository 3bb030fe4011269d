import { suggest } from '../../../catalog/nearest.ts';
import { type BucketName, seriesMetricIds } from '../../contracts/analytics-answers.ts';
import { seriesBuckets, seriesMetricsMax } from '../../contracts/series-answers.ts';
import { windowSeconds, windowStart } from '../../datasets/chain/window-size.ts';
import { invalidRequest } from '../../runtime/http-problem.ts';
import { findInstantMs, instantRule } from '../../runtime/unix-time.ts';
import { listOf, pointsMax } from './asked.ts';

export type SeriesMetricId = (typeof seriesMetricIds)[number];

/** Buckets that start in [from, to): both Unix seconds, and starts of buckets. */
export interface SeriesRange {
  readonly from: number;
  readonly to: number;
}

/** The last day that the stores hold times of, in seconds: they count them in 32 bits. */
const lastDay = 4_294_944_000;

/** The metrics named, in that order. Throws a 400 for one that series do not have, with those close to it. */
export function seriesMetricsOf(metrics: string): SeriesMetricId[] {
  const known: readonly string[] = seriesMetricIds;
  return listOf('metrics', metrics, seriesMetricsMax).map((id) => {
    if (known.includes(id)) return id as SeriesMetricId;
    const detail = `there is no metric "${id.slice(0, 60)}" of buckets: ${suggest(id, known)}; /api/v1/analytics/metrics lists all`;
    throw invalidRequest([{ parameter: 'metrics', detail }]);
  });
}

/**
 * The buckets that hold a second of [from, to), where to is `nowMs` and from is some buckets before it if they are not given. Throws a 400
 * for what is no time, and for bounds that are the wrong way round.
 */
export function seriesRangeOf(
  bucket: BucketName,
  given: { readonly from?: string | undefined; readonly to?: string | undefined },
  nowMs: number,
): SeriesRange {
  const seconds = windowSeconds[bucket];
  const toSeconds = secondsOf('to', given.to) ?? Math.floor(nowMs / 1000) + 1;
  const to = windowStart(bucket, toSeconds + seconds - 1);
  const fromSeconds = secondsOf('from', given.from) ?? Math.max(0, to - seconds * seriesBuckets[bucket]);
  if (fromSeconds < toSeconds) return { from: windowStart(bucket, fromSeconds), to };
  if (given.from === undefined) throw invalidRequest([{ parameter: 'to', detail: 'there is no time before it' }]);
  const end = given.to === undefined ? 'now, where series end without `to`' : `\`to\`, ${given.to}`;
  throw invalidRequest([{ parameter: 'from', detail: `${given.from} is not before ${end}: begin earlier` }]);
}

/** Throws a 400 for more points than an answer holds, which says how to ask for less. */
export function checkPoints(bucket: BucketName, { from, to }: SeriesRange, metrics: number, networks: number): void {
  const buckets = (to - from) / windowSeconds[bucket];
  const points = buckets * metrics * networks;
  if (points <= pointsMax) return;
  const most = Math.floor(pointsMax / (metrics * networks));
  const longer = (['hour', 'day'] as const).find(
    (size) =>
      windowSeconds[size] > windowSeconds[bucket] &&
      ((to - from) / windowSeconds[size] + 1) * metrics * networks <= pointsMax,
  );
  const hint = longer === undefined ? '' : `, for bucket=${longer}`;
  const sum = `${buckets} buckets × ${countOf(metrics, 'metric')} × ${countOf(networks, 'network')} are ${points} points, of at most ${pointsMax}`;
  const detail = `${sum}: ask for at most ${countOf(most, bucket)} at once${hint}, or for fewer metrics or networks`;
  throw invalidRequest([{ parameter: 'from', detail }]);
}

function secondsOf(parameter: 'from' | 'to', text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = findInstantMs(text);
  if (ms === undefined)
    throw invalidRequest([{ parameter, detail: `"${text.slice(0, 60)}" is no time: ${instantRule}` }]);
  // A bound within a second: the buckets of the second before `to`, and of that of `from`, are wanted.
  const seconds = parameter === 'to' ? Math.ceil(ms / 1000) : Math.floor(ms / 1000);
  if (seconds <= lastDay) return seconds;
  throw invalidRequest([{ parameter, detail: `${text} is after 2106-02-07, the last day that there is data of` }]);
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
