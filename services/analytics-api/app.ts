import { sharedAnswers } from '../contracts/chain-answers.ts';
import { createHttpApp, type HttpApp } from '../runtime/http.ts';
import { type SocketOptions, socketDefaults } from '../runtime/socket/socket-route.ts';
import { resolveAliases } from './aliases.ts';
import { addAnalyticsRoutes } from './analytics/analytics-routes.ts';
import { addChainRoutes } from './chain-routes.ts';
import type { AnalyticsDeps, LiveParts } from './deps.ts';
import { addHealthRoutes } from './health-routes.ts';
import { keepAnswers } from './kept-answers.ts';
import { addNetworkRoutes } from './network-routes.ts';
import { protocol } from './protocol.ts';
import { addReorgRoutes } from './reorg-routes.ts';
import { addSocketRoutes } from './socket/socket-routes.ts';

const description = `Networks, blocks, transactions and statistics of the chains of the catalog.

- **Quantities** in wei and gas are strings of decimal digits, exact at any size. Timestamps are Unix seconds.
- **\`null\`** means that the chain does not have the datum; it is never written as 0.
- **Every answer with data of a chain** says of which state it is: \`asOf\` (the newest block held), \`lag\`, \`finality\` and \`sync\`.
  It holds blocks of the canonical chain only; what a reorganisation removed is gone from all answers.
- **Other names**: a network with \`aliasOf\` is another name of that one. Asked by it, every path and parameter answers with the
  network's own data and id, and with a header \`Link: <...>; rel="canonical"\`; the name itself is an entry of /api/v1/l2/networks.
- **Analytics** are over spans of whole minutes, hours or days that end with a network's newest block counted, its \`asOf\`: each figure is
  exact and can be computed again from the blocks of \`coverage\`. /api/v1/analytics/metrics defines every metric.
- **Lists** go from new to old. Pass \`next\` as \`before\` to go on; the pages stay in place while blocks arrive.
- **Caching**: send the \`ETag\` back as \`If-None-Match\`; 304 means that the data has not changed. Pages fixed by a cursor or a range
  whose blocks are all final may be kept for ever, and say so. Who asks the same within a second may get the same answer, \`lag\`
  included, unless a change of the network came in between.
- **Errors** are problems by RFC 9457, \`application/problem+json\`. Unknown parameters are errors. After a 503, try again.

${protocol}`;

/** The API without its ports: tests ask it by `inject`. Without `live` it has no /ws. */
export async function createAnalyticsApp(
  deps: AnalyticsDeps,
  live?: LiveParts & { readonly socket?: SocketOptions },
): Promise<HttpApp> {
  const { cache, requestsPerMinute, trustedProxies, answersKeptMs } = deps;
  const app = await createHttpApp({
    service: 'analytics-api',
    log: deps.log,
    metrics: deps.metrics,
    rateLimit: requestsPerMinute === undefined ? undefined : { requestsPerMinute, cache },
    trustedProxies,
    openapi: {
      title: 'Defimon Analytics API',
      version: deps.version,
      description,
      bearer:
        'Through the gateway, what is marked with it needs a token of a viewer, analyst, operator or admin; the ports of the service itself do not.',
      tags: [
        { name: 'networks', description: 'Which networks there are' },
        { name: 'chain data', description: 'What happens on them' },
        { name: 'analytics', description: 'What they add up to over hours, days and weeks' },
        { name: 'live', description: 'The same as it happens' },
        { name: 'health', description: 'How the system is' },
      ],
    },
  });
  for (const schema of sharedAnswers) app.addSchema(schema);
  if (live !== undefined) await addSocketRoutes(app, { ...deps, ...live }, live.socket ?? socketDefaults);
  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/docs'));
  resolveAliases(app, deps.catalog);
  if (answersKeptMs !== undefined) {
    const { forget } = keepAnswers(app, '/api/v1/l2/', { keepMs: answersKeptMs });
    keepAnswers(app, '/api/v1/analytics/', { keepMs: answersKeptMs });
    const unfollow = live?.chain.followChanges(forget);
    app.addHook('onClose', async () => unfollow?.());
  }
  addNetworkRoutes(app, deps);
  addChainRoutes(app, deps);
  addAnalyticsRoutes(app, deps);
  addReorgRoutes(app, deps);
  addHealthRoutes(app, deps);
  return app;
}
