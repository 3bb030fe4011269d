import Type from 'typebox';
import type { Network } from '../../../catalog/schema/network.ts';
import {
  ActivityAnswer,
  type BucketName,
  FinalityAnswer,
  type ReportName,
  reportMetrics,
  ThroughputAnswer,
} from '../../contracts/analytics-answers.ts';
import type { DistributionMetricId, SumMetricId } from '../../contracts/analytics-metrics.ts';
import { readSpanDetails } from '../../datasets/chain/span-details.ts';
import { windowStart } from '../../datasets/chain/window-size.ts';
import type { WindowSums } from '../../datasets/chain/window-sums.ts';
import { readWindows } from '../../datasets/chain/windows.ts';
import { type HttpApp, problemResponses } from '../../runtime/http.ts';
import { invalidRequest } from '../../runtime/http-problem.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import type { AnalyticsDeps } from '../deps.ts';
import { answerTagOf } from './answer-tag.ts';
import {
  BucketParameter,
  bucketOf,
  namedNetworksOf,
  networksParameter,
  spanAnswerOf,
  spanOf,
  WindowParameter,
} from './asked.ts';
import { bucketFiguresOf, detailsOf, figuresOf } from './metric.ts';
import { chainStateOf, networkLabelOf, readSpans, spanFreshnessOf } from './read-spans.ts';

const reports = [
  {
    name: 'activity',
    answer: ActivityAnswer,
    operationId: 'getActivity',
    summary: 'What happens on the networks',
    description: 'Transactions, user operations, failures, contract creations, logs, active senders and addresses.',
  },
  {
    name: 'finality',
    answer: FinalityAnswer,
    operationId: 'getFinality',
    summary: 'Block time and finality of the networks',
    description: 'How often they make blocks, and how long it takes until these are final.',
  },
  {
    name: 'throughput',
    answer: ThroughputAnswer,
    operationId: 'getThroughput',
    summary: 'How much the networks carry',
    description: 'Gas, transactions and logs a second, and how much of the room in blocks is used.',
  },
] as const satisfies readonly { name: ReportName; [key: string]: unknown }[];

const query = Type.Object(
  {
    networks: networksParameter(
      'Only these networks, in this order, with buckets and what does not add up. Without it all networks, with what adds up.',
    ),
    window: WindowParameter,
    bucket: BucketParameter,
  },
  { additionalProperties: false },
);

/** Activity, finality and throughput: one shape with different metrics. */
export function addReportRoutes(app: HttpApp, deps: AnalyticsDeps): void {
  for (const { name, answer, operationId, summary, description } of reports) {
    const metrics: { figures: readonly SumMetricId[]; details: readonly DistributionMetricId[] } = reportMetrics[name];
    app.get(
      `/api/v1/analytics/${name}`,
      {
        schema: {
          tags: ['analytics'],
          operationId,
          summary,
          description: `${description} A bucket is counted as a whole, so the first may hold more than the span has of it; buckets of hours and days may be some minutes behind those of minutes.`,
          querystring: query,
          response: {
            200: { description: 'The figures', content: { 'application/json': { schema: answer } } },
            ...problemResponses({
              400: 'A parameter is not valid, or the answer would be too large',
              404: 'There is no such network',
              503: 'Try again in a second',
            }),
          },
        },
      },
      async (request, reply) => {
        const { networks, window, bucket } = request.query;
        const span = spanOf(window);
        const current = deps.catalog.current();
        const named = namedNetworksOf(current, networks);
        const size = named === undefined ? unbucketed(bucket) : bucketOf(span, bucket, named.length);
        const asked = named ?? current.networks;
        const reading = await readSpans(deps, span, asked);
        const rowOf = async (network: Network) => {
          const sums = reading.sums.get(network.id);
          const more = size === null || sums === undefined ? nothingMore : await readMore(deps.timeseries, sums, size);
          return {
            ...spanFreshnessOf(network, reading),
            ...networkLabelOf(network),
            ...chainStateOf(network, reading),
            figures: sums === undefined ? null : figuresOf(metrics.figures, sums),
            details: more.details && {
              asOf: more.details.asOf,
              figures: detailsOf(metrics.details, more.details),
            },
            buckets:
              size === null
                ? null
                : more.buckets.map((each) => ({
                    start: each.start,
                    complete: each.complete,
                    closed: each.closed,
                    figures: bucketFiguresOf([...metrics.figures, ...metrics.details], each),
                  })),
          };
        };
        const written = {
          window: spanAnswerOf(span),
          bucket: size,
          networks: await Promise.all(asked.map(rowOf)),
        };
        reply.header('etag', answerTagOf(deps.version, request.url, written));
        return written;
      },
    );
  }
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
