import { metrics as names } from '../../../catalog/metrics.ts';
import type { HttpApp } from '../../runtime/http.ts';
import { counterOf, gaugeOf } from '../../runtime/metrics.ts';
import { createSendBudget } from '../../runtime/socket/sender.ts';
import { addSocketRoute, type SocketOptions } from '../../runtime/socket/socket-route.ts';
import type { AnalyticsDeps, LiveParts } from '../deps.ts';
import { createSession } from './session.ts';

/** GET /ws: see protocol.ts. */
export async function addSocketRoutes(
  app: HttpApp,
  deps: AnalyticsDeps & LiveParts,
  options: SocketOptions,
): Promise<void> {
  const { clock, log } = deps;
  const budget = createSendBudget(options.connectionsMax);
  const count = { subscriptions: 0 };
  await addSocketRoute(app, {
    path: '/ws',
    summary: 'Follow networks, blocks, fees, protocols and candles',
    options,
    open: (outlet) => createSession(outlet, { ...deps, limits: options.sender, budget, count }),
    clients: gaugeOf(deps.metrics, names.analyticsClients),
    taken: gaugeOf(deps.metrics, names.websocketsTaken).labels({ service: 'analytics-api' }),
    messages: counterOf(deps.metrics, names.analyticsClientMessages),
    dropped: counterOf(deps.metrics, names.analyticsClientsDropped),
    ...{ clock, log },
  });
}
