import Type from 'typebox';
import { orders, RankingAnswer, rankedMetricIds } from '../../contracts/analytics-answers.ts';
import { definitionOf } from '../../contracts/analytics-metrics.ts';
import { OneOf } from '../../contracts/schema.ts';
import { type HttpApp, problemResponses } from '../../runtime/http.ts';
import type { AnalyticsDeps } from '../deps.ts';
import { answerTagOf } from './answer-tag.ts';
import { spanAnswerOf, spanOf, WindowParameter } from './asked.ts';
import { answerCsv, csvContent, FormatParameter, renderCsv } from './csv.ts';
import { spanValueOf } from './metric.ts';
import { rank } from './rank.ts';
import { networkLabelOf, readSpans, spanFreshnessOf } from './read-spans.ts';

const limitDefault = 1000;
const query = Type.Object(
  {
    metric: OneOf(rankedMetricIds, { description: 'By what; /api/v1/analytics/metrics says what each is' }),
    window: WindowParameter,
    order: Type.Optional(OneOf(orders, { default: 'desc', description: 'desc: the highest value comes first' })),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1000, default: limitDefault, description: 'Networks in the answer' }),
    ),
    format: FormatParameter,
  },
  { additionalProperties: false },
);
const columns = [
  'rank',
  'network',
  'name',
  'status',
  'value',
  'unit',
  'nativeCurrency',
  'from',
  'asOfNumber',
  'asOfTimestamp',
  'complete',
];

/** Networks by one metric. */
export function addRankingsRoute(app: HttpApp, deps: AnalyticsDeps): void {
  const { catalog, version } = deps;
  app.get(
    '/api/v1/analytics/rankings',
    {
      schema: {
        tags: ['analytics'],
        operationId: 'getRankings',
        summary: 'Networks by one metric',
        description:
          "Equal values share a rank, and the one after them is that many places further. Networks without a value come last, without a rank. Wei are compared as they are: networks that pay in different currencies stand side by side. Mind `asOf`: a network's span ends there.",
        querystring: query,
        response: {
          200: {
            description: 'The networks',
            content: { 'application/json': { schema: RankingAnswer }, ...csvContent },
          },
          ...problemResponses({ 400: 'A parameter is not valid', 503: 'Try again in a second' }),
        },
      },
    },
    async (request, reply) => {
      const { metric, window, order = 'desc', limit = limitDefault, format = 'json' } = request.query;
      const span = spanOf(window);
      const { networks } = catalog.current();
      const reading = await readSpans(deps, span, networks);
      const ranked = rank(
        networks.map((network) => ({ network, value: spanValueOf(metric, network, reading.sums.get(network.id)) })),
        order,
      );
      const { unit } = definitionOf(metric);
      const rows = ranked.slice(0, limit).map(({ network, value, rank }) => ({
        ...spanFreshnessOf(network, reading),
        ...networkLabelOf(network),
        rank,
        value,
      }));
      const answer = { window: spanAnswerOf(span), metric, unit, order, total: ranked.length, networks: rows };
      reply.header('etag', answerTagOf(version, request.url, answer));
      if (format === 'json') return answer;
      const lines = rows.map((row) => [
        ...[row.rank, row.network, row.name, row.status, row.value, unit, row.nativeCurrency.symbol],
        ...[row.from, row.asOf?.number ?? null, row.asOf?.timestamp ?? null, row.coverage?.complete ?? null],
      ]);
      return answerCsv(reply, `ranking-${metric}-${span.name}`, renderCsv(columns, lines));
    },
  );
}
