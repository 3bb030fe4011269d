import Type from 'typebox';
import type { Network } from '../../../catalog/schema/network.ts';
import { OverviewAnswer, type OverviewRow, overviewFigures } from '../../contracts/analytics-answers.ts';
import { readProtocolUses } from '../../datasets/chain/protocol-sums.ts';
import { type HttpApp, problemResponses } from '../../runtime/http.ts';
import type { AnalyticsDeps } from '../deps.ts';
import { answerTagOf } from './answer-tag.ts';
import { spanAnswerOf, spanOf, WindowParameter } from './asked.ts';
import { figuresOf } from './metric.ts';
import { totalsOf } from './overview-totals.ts';
import { chainStateOf, networkLabelOf, readSpans, type SpanReading, spanFreshnessOf } from './read-spans.ts';

/** All networks at a glance. */
export function addOverviewRoute(app: HttpApp, deps: AnalyticsDeps): void {
  const { catalog, timeseries, version } = deps;
  app.get(
    '/api/v1/analytics/overview',
    {
      schema: {
        tags: ['analytics'],
        operationId: 'getOverview',
        summary: 'All networks at a glance',
        description:
          'Totals of the environment, and one row a network of the catalog: retired ones with their history, other names of a network with `aliasOf` and no figures.',
        querystring: Type.Object({ window: WindowParameter }, { additionalProperties: false }),
        response: {
          200: { description: 'The overview', content: { 'application/json': { schema: OverviewAnswer } } },
          ...problemResponses({ 400: 'A parameter is not valid', 503: 'Try again in a second' }),
        },
      },
    },
    async (request, reply) => {
      const span = spanOf(request.query.window);
      const { catalog: entries, networks } = catalog.current();
      const reading = await readSpans(deps, span, networks);
      const rows = networks.map((network) => rowOf(network, reading, span.seconds));
      const counted = new Map(
        rows.flatMap(({ network, counted }) => {
          const sums = counted ? reading.sums.get(network) : undefined;
          return sums === undefined ? [] : [[network, sums] as const];
        }),
      );
      const calls = counted.size === 0 ? [] : await readProtocolUses(timeseries, entries.protocols, span, counted);
      const answer = { window: spanAnswerOf(span), totals: totalsOf(rows, calls), networks: rows };
      reply.header('etag', answerTagOf(version, request.url, answer));
      return answer;
    },
  );
}

function rowOf(network: Network, reading: SpanReading, seconds: number): OverviewRow {
  const freshness = spanFreshnessOf(network, reading);
  const sums = reading.sums.get(network.id);
  return {
    ...freshness,
    ...networkLabelOf(network),
    kind: network.kind,
    aliasOf: network.aliasOf ?? null,
    priority: network.priority,
    phase: network.phase,
    stack: network.stack,
    settlement: network.settlement,
    tvlUsd: network.tvlUsd ?? null,
    ...chainStateOf(network, reading),
    counted: freshness.lag.seconds !== null && freshness.lag.seconds <= seconds,
    figures: sums === undefined ? null : figuresOf(overviewFigures, sums),
  };
}
