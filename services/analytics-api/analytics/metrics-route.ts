import Type from 'typebox';
import { type MetricAnswer, MetricsAnswer } from '../../contracts/analytics-answers.ts';
import { definitionOf, metricIds } from '../../contracts/analytics-metrics.ts';
import { type HttpApp, problemResponses } from '../../runtime/http.ts';

/** What each metric is. */
export function addMetricsRoute(app: HttpApp): void {
  const metrics = metricIds.map((id): MetricAnswer => {
    const { columns, ...definition } = definitionOf(id);
    const { from } = definition;
    return {
      id,
      ...definition,
      columns: [...columns],
      inRankings: from !== 'distribution',
      inSeries: from !== 'catalog',
    };
  });
  app.get(
    '/api/v1/analytics/metrics',
    {
      schema: {
        tags: ['analytics'],
        operationId: 'listMetrics',
        summary: 'What each metric is',
        description: `Definitions with which every value can be computed again from raw blocks. "Counted" are those of a bucket or a span. A percentile, or how many are different, is counted anew for a span: there is none where some of it was dropped for its age (\`details\` is null), and buckets have theirs for ever.\n\n${metricsTable()}`,
        querystring: Type.Object({}, { additionalProperties: false }),
        response: {
          200: { description: 'The metrics', content: { 'application/json': { schema: MetricsAnswer } } },
          ...problemResponses({ 400: 'It takes no parameters' }),
        },
      },
    },
    () => ({ metrics, total: metrics.length }),
  );
}

/** The same as a table, for the documentation. */
export function metricsTable(): string {
  const rows = metricIds.map((id) => {
    const { unit, definition, nullWhen } = definitionOf(id);
    return `| \`${id}\` | ${unit} | ${definition} | ${nullWhen ?? 'never'} |`;
  });
  return ['| metric | unit | definition | null where |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
