import { sharedAnswers } from '../contracts/admin-answers.ts';
import { createHttpApp, type HttpApp } from '../runtime/http.ts';
import { ProblemError } from '../runtime/http-problem.ts';
import { addCatalogRoutes } from './catalog-routes.ts';
import type { RouteDeps } from './deps.ts';
import { addEnvironmentRoutes } from './environment-routes.ts';
import { addPages } from './pages.ts';
import { addProcessRoutes } from './process-routes.ts';
import { addSockets } from './sockets.ts';
import { addUpstreams } from './upstreams.ts';

const description = `What the dashboard at [/admin/](/admin/) shows of the platform. It changes nothing: every path is read by GET.

- **Reads of the APIs** are passed on: \`/admin/api/analytics/…\` to the analytics API, \`/admin/api/market/…\` to the market API, their
  WebSockets at \`/ws\` too. They describe themselves, see \`links\` of \`/admin/api/environment\`. One that is away is a problem of 503 or 504
  that names it; its WebSocket is closed with 4503 (cannot be reached) or 4502 (was lost).
- **Times** are Unix milliseconds.
- **Errors** are problems by RFC 9457, \`application/problem+json\`.`;

/** The service without its port: tests ask it by \`inject\`. */
export async function createAdminApp(deps: RouteDeps): Promise<HttpApp> {
  const { log, metrics, version, upstreams, pagesFolder, trustedProxies } = deps;
  const app = await createHttpApp({
    ...{ service: 'admin', log, metrics, trustedProxies },
    openapi: {
      ...{ title: 'Defimon admin', version, description, prefix: '/admin/api' },
      tags: [
        { name: 'environment', description: 'Where this is' },
        { name: 'catalog', description: 'What is to run' },
        { name: 'environments', description: 'What runs where, and what would' },
        { name: 'pools', description: 'Room and money' },
        { name: 'processes', description: 'How everything is' },
      ],
    },
  });
  for (const schema of sharedAnswers) app.addSchema(schema);
  refuseChanges(app);
  addSockets(app, { upstreams, trustedProxies, log });
  await addUpstreams(app, { upstreams, log });
  addCatalogRoutes(app, deps);
  addEnvironmentRoutes(app, deps);
  addProcessRoutes(app, deps);
  await addPages(app, pagesFolder);
  return app;
}

/** Whatever the path: nothing here changes anything, and no other method is passed on to an API. */
function refuseChanges(app: HttpApp): void {
  app.addHook('onRequest', (request, _reply, next) => {
    if (request.method === 'GET' || request.method === 'HEAD') return next();
    next(
      new ProblemError({
        ...{ status: 405, code: 'method-not-allowed', title: 'The path does not take this method' },
        detail: `The dashboard only reads: ${request.method} is not taken.`,
        headers: { allow: 'GET, HEAD' },
      }),
    );
  });
}
