import { listen } from '../runtime/http-listen.ts';
import type { Started } from '../runtime/modules.ts';
import { socketOptions } from '../runtime/socket/socket-route.ts';
import { createMarketApp } from './app.ts';
import type { MarketDeps } from './deps.ts';
import { createCandleFeed } from './live/candle-feed.ts';
import { openLiveMarket } from './live/live-market.ts';
import { createCandleReader } from './live/newest-candles.ts';
import { findPair } from './pairs.ts';

/** What the rest of the process may ask of the API. */
export interface MarketApi {
  /** Where it answers, one URL a port, in the order of the ports. */
  readonly urls: readonly string[];
}

export interface MarketApiDeps extends Omit<MarketDeps, 'clock'> {
  readonly ports: readonly number[];
  readonly host: string;
}

/** How often the store is looked at although nothing was notified: a notification may be lost with its connection. */
const pollMs = 1_000;

/** Serves the API on all its ports. Throws ConfigurationError when one cannot be had. */
export async function createMarketApi(given: MarketApiDeps): Promise<Started<MarketApi>> {
  const deps = { ...given, clock: Date.now };
  const { catalog, relational, timeseries, clock, log } = deps;
  const live = await openLiveMarket({
    relational,
    findPair: (symbol) => findPair(catalog.current(), symbol),
    clock,
    log,
    pollMs,
  });
  const candles = createCandleFeed({ read: createCandleReader(timeseries, clock), tickMs: pollMs, clock, log });
  const stopFeeds = async (): Promise<void> => {
    await candles.stop();
    await live.stop();
  };
  try {
    const app = await createMarketApp({ ...deps, live: live.part, candles }, socketOptions(deps.socketsMax));
    const urls = await listen(app, deps.ports, deps.host);
    return {
      part: { urls },
      stop: async () => {
        await app.close();
        await stopFeeds();
      },
      health: async () => {
        const well = (await live.health?.()) ?? { ok: true };
        return well.ok ? { ok: true, detail: urls.join(', ') } : well;
      },
    };
  } catch (error) {
    await stopFeeds();
    throw error;
  }
}
