import { listen } from '../runtime/http-listen.ts';
import type { Started } from '../runtime/modules.ts';
import { socketOptions } from '../runtime/socket/socket-route.ts';
import type { Bus } from '../stores/bus.ts';
import { createAnalyticsApp } from './app.ts';
import type { AnalyticsDeps } from './deps.ts';
import { openCandleFeed } from './live/candle-feed.ts';
import { createCandleStore } from './live/candle-reads.ts';
import { createChainReads } from './live/chain-reads.ts';
import { openLiveChain } from './live/live-chain.ts';

/** What the rest of the process may ask of the API. */
export interface AnalyticsApi {
  /** Where it answers, one URL a port, in the order of the ports. */
  readonly urls: readonly string[];
}

export interface AnalyticsApiDeps extends AnalyticsDeps {
  readonly bus: Bus;
  readonly ports: readonly number[];
  readonly host: string;
}

/** Serves the API on all its ports. Throws ConfigurationError when one cannot be had. */
export async function createAnalyticsApi(deps: AnalyticsApiDeps): Promise<Started<AnalyticsApi>> {
  const { bus, relational, timeseries, log } = deps;
  const clock = Date.now;
  const stops: (() => Promise<void>)[] = [];
  const stopAll = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse()) await stop();
  };
  try {
    const busHealth = async () => (await deps.health()).bus ?? { ok: true };
    const chain = await openLiveChain({ ...deps, reads: createChainReads(relational), busHealth, clock });
    stops.push(() => chain.stop());
    const busAwaySince = () => chain.busStaleness()?.sinceMs;
    const candles = await openCandleFeed({ bus, store: createCandleStore(timeseries), busAwaySince, clock, log });
    stops.push(() => candles.stop());
    const socket = socketOptions(deps.socketsMax);
    const app = await createAnalyticsApp(deps, { chain, candles, clock, socket });
    // Clients are told goodbye before what feeds them ends.
    stops.push(() => app.close());
    const urls = await listen(app, deps.ports, deps.host);
    return {
      part: { urls },
      stop: stopAll,
      health: () => ({ ok: true, detail: urls.join(', ') }),
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}
