import Type from 'typebox';
import type { Network } from '../../../catalog/schema/network.ts';
import { type BucketName, bucketNames, networksMax, type SpanName } from '../../contracts/analytics-answers.ts';
import { definitionOf } from '../../contracts/analytics-metrics.ts';
import { OneOf } from '../../contracts/schema.ts';
import { SeriesAnswer, seriesBuckets, seriesMetricsMax } from '../../contracts/series-answers.ts';
import { spans } from '../../datasets/chain/span.ts';
import { type ChainWindow, readWindowsOf } from '../../datasets/chain/windows.ts';
import { type HttpApp, problemResponses } from '../../runtime/http.ts';
import { instantPattern, instantRule } from '../../runtime/unix-time.ts';
import type { AnalyticsDeps } from '../deps.ts';
import { exampleNetworkOf, getNetwork } from '../network-view.ts';
import { answerTagOf } from './answer-tag.ts';
import { listOf, pointsMax } from './asked.ts';
import { answerCsv, type CsvValue, csvContent, FormatParameter, renderCsv } from './csv.ts';
import { bucketValueOf } from './metric.ts';
import { networkLabelOf, readSpans, type SpanReading, spanFreshnessOf } from './read-spans.ts';
import { checkPoints, type SeriesMetricId, type SeriesRange, seriesMetricsOf, seriesRangeOf } from './series-asked.ts';

/** What is summed from buckets of each size: the newest block that they hold is the same in all of these. */
const spanOfBucket = { minute: '1h', hour: '7d', day: '30d' } as const satisfies Record<BucketName, SpanName>;
const bucketDefault = 'hour';

/** Where a series leads to, in the words of OpenAPI: to the same buckets again, wherever the clock is by then. */
const sameTimes = {
  operationId: 'getSeries',
  description: 'The same from and to',
  parameters: {
    'query.metrics': '$request.query.metrics',
    'query.networks': '$request.query.networks',
    'query.bucket': '$request.query.bucket',
    'query.from': '$response.body#/from',
    'query.to': '$response.body#/to',
  },
};

/** Metrics over time. */
export function addSeriesRoutes(app: HttpApp, deps: AnalyticsDeps): void {
  const { catalog, timeseries, version } = deps;
  const time = (description: string) =>
    Type.Optional(
      // The pattern's text stands in the error for what is no time.
      Type.String({ maxLength: 40, pattern: instantPattern, description: `${instantRule}. ${description}` }),
    );
  const defaults = bucketNames.map((name) => `${seriesBuckets[name]} for ${name}`).join(', ');
  const querystring = Type.Object(
    {
      metrics: Type.String({
        minLength: 1,
        maxLength: 1000,
        description: `Ids of metrics with commas between, at most ${seriesMetricsMax}: those that /api/v1/analytics/metrics has \`inSeries\``,
        examples: ['tps,executionFeeP50'],
      }),
      networks: Type.String({
        minLength: 1,
        maxLength: 1000,
        description: `Ids of networks with commas between, at most ${networksMax}`,
        examples: [exampleNetworkOf(catalog.current())],
      }),
      bucket: Type.Optional(
        OneOf(bucketNames, { default: bucketDefault, description: 'How long a bucket is: whole ones, of UTC' }),
      ),
      from: time(`The first bucket is the one that holds it. Without it as many buckets as: ${defaults}`),
      to: time('The last bucket is the one that holds the second before it. Without it: now'),
      format: FormatParameter,
    },
    { additionalProperties: false },
  );

  app.get(
    '/api/v1/analytics/series',
    {
      links: { 200: { sameTimes } },
      schema: {
        tags: ['analytics'],
        operationId: 'getSeries',
        summary: 'Metrics over time',
        description: `Any metrics of any networks, bucket by bucket; at most ${pointsMax} points (buckets × metrics × networks). A bucket in which no block was held is not there. Buckets stay when what they were counted from is dropped for its age; blocks of such a time that come later are in none. One that is not \`complete\` still lacks blocks, and one that is not \`closed\` still grows. As CSV a line is a bucket of a network.`,
        querystring,
        response: {
          200: {
            description: 'The series',
            content: { 'application/json': { schema: SeriesAnswer }, ...csvContent },
          },
          ...problemResponses({
            400: 'A parameter is not valid, or the answer would be too large',
            404: 'There is no such network',
            503: 'Try again in a second',
          }),
        },
      },
    },
    async (request, reply) => {
      const { bucket = bucketDefault, format = 'json', ...query } = request.query;
      const metrics = seriesMetricsOf(query.metrics);
      const networks = listOf('networks', query.networks, networksMax).map((id) => getNetwork(catalog.current(), id));
      const range = seriesRangeOf(bucket, query, Date.now());
      checkPoints(bucket, range, metrics.length, networks.length);
      // In this order: the buckets are then never older than what is said of them.
      const reading = await readSpans(deps, spans[spanOfBucket[bucket]], networks);
      const ids = networks.map(({ id }) => id);
      const windows = await readWindowsOf(timeseries, { networks: ids, size: bucket, ...range });
      const answer: SeriesAnswer = {
        bucket,
        ...range,
        metrics: metrics.map((id) => ({ id, title: definitionOf(id).title, unit: definitionOf(id).unit })),
        networks: networks.map((network) => seriesOf(network, metrics, reading, windows.get(network.id) ?? [])),
      };
      reply.header('etag', answerTagOf(version, request.url, answer));
      return format === 'json' ? answer : answerCsv(reply, nameOf(answer, range), csvOf(answer));
    },
  );
}

function seriesOf(
  network: Network,
  metrics: readonly SeriesMetricId[],
  reading: SpanReading,
  windows: readonly ChainWindow[],
): SeriesAnswer['networks'][number] {
  const { from: _, ...freshness } = spanFreshnessOf(network, reading);
  const held = windows.filter(({ blocks }) => blocks > 0);
  return {
    ...freshness,
    ...networkLabelOf(network),
    coverage: coverageOf(held),
    buckets: held.map((each) => ({
      start: each.start,
      complete: each.complete,
      closed: each.closed,
      figures: Object.fromEntries(metrics.map((id) => [id, bucketValueOf(id, each)])),
    })),
  };
}

function coverageOf(held: readonly ChainWindow[]): SeriesAnswer['networks'][number]['coverage'] {
  const fromBlock = held[0]?.firstBlock ?? null;
  const toBlock = held.at(-1)?.lastBlock ?? null;
  if (fromBlock === null || toBlock === null) return null;
  const blocks = held.reduce((sum, each) => sum + each.blocks, 0);
  return { fromBlock, toBlock, complete: blocks === toBlock - fromBlock + 1 };
}

function csvOf({ metrics, networks }: SeriesAnswer): string {
  const ids = metrics.map(({ id }) => id);
  const lines = networks.flatMap(({ network, buckets }) =>
    buckets.map(({ start, complete, closed, figures }): CsvValue[] => [
      ...[network, start, new Date(start * 1000).toISOString(), complete, closed],
      ...ids.map((id) => figures[id] ?? null),
    ]),
  );
  return renderCsv(['network', 'start', 'startTime', 'complete', 'closed', ...ids], lines);
}

function nameOf({ bucket, metrics }: SeriesAnswer, { from, to }: SeriesRange): string {
  const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
  const named = metrics.slice(0, 3).map(({ id }) => id);
  return ['series', ...named, `by-${bucket}`, day(from), 'to', day(to - 1)].join('-');
}
