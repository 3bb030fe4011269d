import { metrics as names } from '../../../catalog/metrics.ts';
import type { HttpApp } from '../../runtime/http.ts';
import { counterOf, gaugeOf } from '../../runtime/metrics.ts';
import { createSlots } from '../../runtime/slots.ts';
import { createSendBudget } from '../../runtime/socket/sender.ts';
import { addSocketRoute, type SocketOptions } from '../../runtime/socket/socket-route.ts';
import type { RouteDeps } from '../deps.ts';
import { createSession } from './session.ts';

/** Resumes that read at one time: each reads up to thousands of updates. */
const resumesMax = 4;

/** GET /ws: see protocol.ts. */
export async function addSocketRoutes(app: HttpApp, deps: RouteDeps, options: SocketOptions): Promise<void> {
  const budget = createSendBudget(options.connectionsMax);
  const count = { subscriptions: 0 };
  const resumes = createSlots({ max: resumesMax });
  await addSocketRoute(app, {
    path: '/ws',
    summary: 'Follow books, trades, tickers and candles',
    options,
    open: (outlet) => createSession(outlet, { ...deps, limits: options.sender, budget, count, resumes }),
    clients: gaugeOf(deps.metrics, names.marketClients),
    taken: gaugeOf(deps.metrics, names.websocketsTaken).labels({ service: 'market-api' }),
    messages: counterOf(deps.metrics, names.marketClientMessages),
    dropped: counterOf(deps.metrics, names.marketClientsDropped),
    clock: deps.clock,
    log: deps.log,
  });
}
