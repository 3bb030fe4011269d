import { HealthAnswer, type HealthWord, StatsAnswer } from '../contracts/market-answers.ts';
import { type HttpApp, problemResponses } from '../runtime/http.ts';
import type { RouteDeps } from './deps.ts';
import { readStats } from './market-view.ts';
import { memoize } from './memo.ts';
import { NoQuery } from './query.ts';

const tags = ['health'];

/** The last minutes are counted row by row: not for every caller. */
const statsForMs = 10_000;
/** Callers are anybody, and each check may be a query. */
const healthForMs = 1_500;
/** Who asks gives up soon after. */
const healthWithinMs = 3_000;

/** How the collection goes, and how the service is. */
export function addHealthRoutes(app: HttpApp, deps: RouteDeps): void {
  const { catalog, relational, environment, version, clock } = deps;
  const stats = memoize(statsForMs, clock, () => {
    const pairs = catalog.current().catalog.pairs.toSorted((a, b) => (a.symbol < b.symbol ? -1 : 1));
    return readStats(relational, pairs, clock());
  });

  const health = memoize(healthForMs, clock, () => askHealth(deps.health));

  app.get(
    '/stats',
    {
      schema: {
        tags,
        operationId: 'getStats',
        summary: 'Figures of the collection',
        description:
          'Records by kind, records a second, lag and gaps: of all pairs of the catalog, and of each of them that was ever collected.',
        querystring: NoQuery,
        response: {
          200: { description: 'The figures', content: { 'application/json': { schema: StatsAnswer } } },
          ...problemResponses({ 400: 'It takes no parameters', 503: 'Try again in a second' }),
        },
      },
    },
    () => stats(),
  );

  app.get(
    '/health',
    {
      schema: {
        tags,
        operationId: 'getHealth',
        summary: 'State of the service',
        description: '200 when every part of this process is well, 503 otherwise; the body says which is not.',
        querystring: NoQuery,
        response: {
          200: { description: 'All is well', content: { 'application/json': { schema: HealthAnswer } } },
          ...problemResponses({ 400: 'It takes no parameters' }),
          503: { description: 'A part is not well', content: { 'application/json': { schema: HealthAnswer } } },
        },
      },
    },
    async (_request, reply) => {
      const modules = await health();
      const well = Object.values(modules).every((word) => word === 'well');
      reply.code(well ? 200 : 503).header('cache-control', 'no-store');
      return {
        status: well ? ('ok' as const) : ('unhealthy' as const),
        environment,
        version,
        catalog: { digest: catalog.current().digest, refused: [...catalog.refused()] },
        modules: Object.fromEntries(
          Object.entries(modules).map(([name, detail]) => [name, { ok: detail === 'well', detail }]),
        ),
      };
    },
  );
}

/** A word for each module: why one is not well names hosts and users, which are for the log and the port of the operators. */
async function askHealth(health: RouteDeps['health']): Promise<Record<string, HealthWord>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), healthWithinMs);
  });
  try {
    const modules = await Promise.race([health(), late]);
    if (modules === undefined) return { service: 'no answer' };
    return Object.fromEntries(Object.entries(modules).map(([name, { ok }]) => [name, ok ? 'well' : 'not well']));
  } finally {
    clearTimeout(timer);
  }
}
