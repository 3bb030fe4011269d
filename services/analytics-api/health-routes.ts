import Type from 'typebox';
import { HealthAnswer, NetworksHealthAnswer } from '../contracts/chain-answers.ts';
import { readNewest } from '../datasets/chain/read.ts';
import { readStatus } from '../datasets/chain/status.ts';
import { type HttpApp, problemResponses } from '../runtime/http.ts';
import type { AnalyticsDeps } from './deps.ts';
import { networkHealthOf } from './network-view.ts';

const tags = ['health'];
const NoQuery = Type.Object({}, { additionalProperties: false });

/** How the service is, how the networks are, and the metrics. */
export function addHealthRoutes(app: HttpApp, deps: AnalyticsDeps): void {
  const { catalog, relational, environment, version, metrics } = deps;

  app.get(
    '/api/v1/health',
    {
      schema: {
        tags,
        operationId: 'getHealth',
        summary: 'State of the system',
        description: 'Answers 200 as long as it answers: the body says whether all is well.',
        querystring: NoQuery,
        response: {
          200: { description: 'The state', content: { 'application/json': { schema: HealthAnswer } } },
          ...problemResponses({ 400: 'It takes no parameters' }),
        },
      },
    },
    async (_request, reply) => {
      const modules = await deps.health();
      const { digest, since } = catalog.current();
      const refused = [...catalog.refused()];
      const well = refused.length === 0 && Object.values(modules).every(({ ok }) => ok);
      const status = well ? ('ok' as const) : ('degraded' as const);
      reply.header('cache-control', 'no-store');
      return {
        status,
        environment,
        version,
        catalog: { digest, since: since.toISOString(), refused },
        modules: Object.fromEntries(
          Object.entries(modules).map(([name, { ok, detail = null }]) => [name, { ok, detail }]),
        ),
      };
    },
  );

  app.get(
    '/api/v1/health/networks',
    {
      schema: {
        tags,
        operationId: 'getNetworksHealth',
        summary: 'State of the networks',
        description:
          'Head, lag, error rate, sync speed and finality of every network, and what each of its endpoints does.',
        querystring: NoQuery,
        response: {
          200: { description: 'The state of each', content: { 'application/json': { schema: NetworksHealthAnswer } } },
          ...problemResponses({ 400: 'It takes no parameters', 503: 'Try again in a second' }),
        },
      },
    },
    async (_request, reply) => {
      const [statuses, newest] = await Promise.all([readStatus(relational), readNewest(relational)]);
      const reported = new Map(statuses.map((each) => [each.report.network, each]));
      const networks = catalog
        .current()
        .networks.map((network) =>
          networkHealthOf(network, reported.get(network.id), newest.get(network.id)?.timestamp),
        );
      const states: Record<string, number> = {};
      for (const { state } of networks) states[state] = (states[state] ?? 0) + 1;
      reply.header('cache-control', 'no-store');
      return { networks, total: networks.length, states };
    },
  );

  app.get(
    '/metrics',
    {
      schema: {
        tags,
        operationId: 'getMetrics',
        summary: 'Metrics of this process',
        querystring: NoQuery,
        response: {
          200: { description: 'Prometheus text format', content: { 'text/plain': { schema: Type.String() } } },
          ...problemResponses({ 400: 'It takes no parameters' }),
        },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store').type(metrics.contentType);
      return metrics.metrics();
    },
  );
}
