import Type from 'typebox';
import { feeReport, GasFeesAnswer } from '../../contracts/fees-answers.ts';
import { type HttpApp, problemResponses } from '../../runtime/http.ts';
import type { AnalyticsDeps } from '../deps.ts';
import { exampleNetworkOf } from '../network-view.ts';
import { answerTagOf } from './answer-tag.ts';
import { BucketParameter, networksParameter, WindowParameter } from './asked.ts';
import { compareFees } from './compare-fees.ts';
import { readReport } from './report.ts';

const queryOf = (exampleNetwork: string) =>
  Type.Object(
    {
      networks: networksParameter(
        exampleNetwork,
        'Only these networks, in this order, with percentiles and buckets. Without it all networks, with what adds up.',
      ),
      window: WindowParameter,
      bucket: BucketParameter,
    },
    { additionalProperties: false },
  );

/** What transactions pay. */
export function addFeeRoutes(app: HttpApp, deps: AnalyticsDeps): void {
  const query = queryOf(exampleNetworkOf(deps.catalog.current()));
  app.get(
    '/api/v1/analytics/gas-fees',
    {
      schema: {
        tags: ['analytics'],
        operationId: 'getGasFees',
        summary: 'What transactions pay, and where it is cheap',
        description:
          'Fees for being executed on the chain (`executionFee…`) and those that chains of the OP stack charge on top for being published to L1 (`l1DataFee…`), apart; gas prices and base fees. Null where a chain has no such datum: an L1 data fee that is a part of the execution fee (Arbitrum), or that nobody charges (L1 itself), is not known. `comparison` puts the networks in order, by currency.',
        querystring: query,
        response: {
          200: { description: 'The fees', content: { 'application/json': { schema: GasFeesAnswer } } },
          ...problemResponses({
            400: 'A parameter is not valid, or the answer would be too large',
            404: 'There is no such network',
            503: 'Try again in a second',
          }),
        },
      },
    },
    async (request, reply) => {
      const report = await readReport(deps, feeReport, request.query);
      const isAlias = new Set(
        deps.catalog.current().networks.flatMap(({ id, aliasOf }) => (aliasOf === undefined ? [] : [id])),
      );
      const compared = report.networks.filter(({ network }) => !isAlias.has(network));
      const answer = { ...report, comparison: compareFees(compared, report.bucket !== null) };
      reply.header('etag', answerTagOf(deps.version, request.url, answer));
      return answer;
    },
  );
}
