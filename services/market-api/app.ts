import { sharedAnswers } from '../contracts/market-answers.ts';
import { createHttpApp, type HttpApp } from '../runtime/http.ts';
import { type SocketOptions, socketDefaults } from '../runtime/socket/socket-route.ts';
import { timeRule } from '../runtime/unix-time.ts';
import { addBookRoutes } from './book-routes.ts';
import { addCandleRoutes } from './candle-routes.ts';
import { addDataRoutes } from './data-routes.ts';
import type { RouteDeps } from './deps.ts';
import { addGapRoutes } from './gap-routes.ts';
import { addHealthRoutes } from './health-routes.ts';
import { protocol } from './protocol.ts';
import { addSocketRoutes } from './socket/socket-routes.ts';
import { addSymbolRoutes } from './symbol-routes.ts';

const description = `Order books, trades and tickers of the pairs of the catalog, as they were recorded.

- **Prices and sizes** are strings of decimal digits, exactly as the exchange wrote them.
- **Times** in answers are Unix milliseconds. In requests: ${timeRule}. Bounds are inclusive.
- **Symbols** are those of \`/symbols\`, in upper or lower case.
- **Gaps** are told, never hidden: \`/gaps\`, the \`state\` of a book, and messages of the WebSocket.
- **Errors** are problems by RFC 9457, \`application/problem+json\`. Unknown parameters are errors. After a 503, try again.

${protocol}`;

/** The API without its ports: tests ask it by \`inject\`. */
export async function createMarketApp(deps: RouteDeps, socket: SocketOptions = socketDefaults): Promise<HttpApp> {
  const app = await createHttpApp({
    service: 'market-api',
    log: deps.log,
    metrics: deps.metrics,
    trustedProxies: deps.trustedProxies,
    openapi: {
      title: 'Defimon Market API',
      version: deps.version,
      description,
      bearer:
        'Through the gateway, what is marked with it needs a token of a viewer, analyst, operator or admin; the ports of the service itself do not.',
      tags: [
        { name: 'symbols', description: 'Which pairs there are' },
        { name: 'data', description: 'What was recorded of them, and candles of it' },
        { name: 'books', description: 'Order books, now and in the past' },
        { name: 'live', description: 'The market as it moves' },
        { name: 'health', description: 'How the collection and the service are' },
      ],
    },
  });
  for (const schema of sharedAnswers) app.addSchema(schema);
  await addSocketRoutes(app, deps, socket);
  app.get('/', { schema: { hide: true } }, (_request, reply) => reply.redirect('/docs'));
  addSymbolRoutes(app, deps);
  addDataRoutes(app, deps);
  addBookRoutes(app, deps);
  addCandleRoutes(app, deps);
  addGapRoutes(app, deps);
  addHealthRoutes(app, deps);
  return app;
}
