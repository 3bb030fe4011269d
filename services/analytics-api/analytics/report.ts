import type { Network } from '../../../catalog/schema/network.ts';
import type { BucketName, SpanName } from '../../contracts/analytics-answers.ts';
import type { DistributionMetricId, SumMetricId } from '../../contracts/analytics-metrics.ts';
import { readSpanDetails } from '../../datasets/chain/span-details.ts';
import { windowStart } from '../../datasets/chain/window-size.ts';
import type { WindowSums } from '../../datasets/chain/window-sums.ts';
import { readWindows } from '../../datasets/chain/windows.ts';
import { invalidRequest } from '../../runtime/http-problem.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import type { AnalyticsDeps } from '../deps.ts';
import { bucketOf, namedNetworksOf, spanAnswerOf, spanOf } from './asked.ts';
import { bucketFiguresOf, detailsOf, figuresOf } from './metric.ts';
import { chainStateOf, networkLabelOf, readSpans, spanFreshnessOf } from './read-spans.ts';

/** What is asked of a report: ids of networks with commas between, or all networks. */
export interface ReportQuery {
  readonly networks?: string | undefined;
  readonly window?: SpanName | undefined;
  readonly bucket?: BucketName | undefined;
}

/** Which metrics a report has: of all networks, and of those asked for by name also what does not add up. */
export interface ReportMetrics<Figure extends SumMetricId, Detail extends DistributionMetricId> {
  readonly figures: readonly Figure[];
  readonly details: readonly Detail[];
}

/**
 * The metrics of each network over a span: all networks with what adds up, or those named with what does not and with buckets.
 * Throws a 404 for a network that there is not, and a 400 for more than an answer holds.
 */
export async function readReport<Figure extends SumMetricId, Detail extends DistributionMetricId>(
  deps: AnalyticsDeps,
  metrics: ReportMetrics<Figure, Detail>,
  query: ReportQuery,
) {
  const span = spanOf(query.window);
  const current = deps.catalog.current();
  const named = namedNetworksOf(current, query.networks);
  const size = named === undefined ? unbucketed(query.bucket) : bucketOf(span, query.bucket, named.length);
  const asked = named ?? current.networks;
  const reading = await readSpans(deps, span, asked);

  async function rowOf(network: Network) {
    const sums = reading.sums.get(network.id);
    const more = size === null || sums === undefined ? nothingMore : await readMore(deps.timeseries, sums, size);
    return {
      ...spanFreshnessOf(network, reading),
      ...networkLabelOf(network),
      ...chainStateOf(network, reading),
      figures: sums === undefined ? null : figuresOf(metrics.figures, sums),
      details: more.details && { asOf: more.details.asOf, figures: detailsOf(metrics.details, more.details) },
      buckets:
        size === null
          ? null
          : more.buckets.map((each) => ({
              start: each.start,
              complete: each.complete,
              closed: each.closed,
              figures: bucketFiguresOf<Figure | Detail>([...metrics.figures, ...metrics.details], each),
            })),
    };
  }

  return { window: spanAnswerOf(span), bucket: size, networks: await Promise.all(asked.map(rowOf)) };
}

const nothingMore = { details: null, buckets: [] } as const;

/** What only those get who ask for a network by name. */
async function readMore(timeseries: Timeseries, sums: WindowSums, size: BucketName) {
  const { network, from, asOf } = sums;
  const times = { size, from: windowStart(size, from), to: asOf.timestamp + 1 };
  const [details, buckets] = await Promise.all([
    readSpanDetails(timeseries, sums),
    readWindows(timeseries, { network, ...times }),
  ]);
  return { details, buckets: buckets.filter(({ blocks }) => blocks > 0) };
}

function unbucketed(bucket: BucketName | undefined): null {
  if (bucket === undefined) return null;
  throw invalidRequest([{ parameter: 'bucket', detail: 'needs `networks`: name those whose buckets you want' }]);
}
