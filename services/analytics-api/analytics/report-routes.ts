import Type from 'typebox';
import type { DistributionMetricId, SumMetricId } from '../../contracts/analytics-metrics.ts';
import {
  ActivityAnswer,
  FinalityAnswer,
  type ReportName,
  reportMetrics,
  ThroughputAnswer,
} from '../../contracts/report-answers.ts';
import { type HttpApp, problemResponses } from '../../runtime/http.ts';
import type { AnalyticsDeps } from '../deps.ts';
import { exampleNetworkOf } from '../network-view.ts';
import { answerTagOf } from './answer-tag.ts';
import { BucketParameter, networksParameter, WindowParameter } from './asked.ts';
import { type ReportMetrics, readReport } from './report.ts';

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

const queryOf = (exampleNetwork: string) =>
  Type.Object(
    {
      networks: networksParameter(
        exampleNetwork,
        'Only these networks, in this order, with buckets and what does not add up. Without it all networks, with what adds up.',
      ),
      window: WindowParameter,
      bucket: BucketParameter,
    },
    { additionalProperties: false },
  );

/** Activity, finality and throughput: one shape with different metrics. */
export function addReportRoutes(app: HttpApp, deps: AnalyticsDeps): void {
  const query = queryOf(exampleNetworkOf(deps.catalog.current()));
  for (const { name, answer, operationId, summary, description } of reports) {
    const metrics: ReportMetrics<SumMetricId, DistributionMetricId> = reportMetrics[name];
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
        const report = await readReport(deps, metrics, request.query);
        reply.header('etag', answerTagOf(deps.version, request.url, report));
        return report;
      },
    );
  }
}
