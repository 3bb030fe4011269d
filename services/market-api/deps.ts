import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { LiveCatalog } from '../runtime/live-catalog.ts';
import type { Health } from '../runtime/modules.ts';
import type { Relational } from '../stores/relational.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import type { CandleFeed } from './live/candle-feed.ts';
import type { LiveMarket } from './live/live-market.ts';

/** What the API is made with. */
export interface MarketDeps {
  readonly catalog: LiveCatalog;
  readonly relational: Relational;
  readonly timeseries: Timeseries;
  readonly environment: string;
  readonly version: string;
  /** How the modules of this process are. */
  readonly health: () => Promise<Record<string, Health>>;
  /** Gateways that tell who calls. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** WebSockets taken; undefined: as `socketDefaults` has it. */
  readonly socketsMax?: number | undefined;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly log: Logger;
  readonly metrics: Registry;
}

/** What the routes work with. */
export interface RouteDeps extends MarketDeps {
  readonly live: LiveMarket;
  readonly candles: CandleFeed;
}
