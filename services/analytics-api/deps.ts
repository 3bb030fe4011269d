import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { LiveCatalog } from '../runtime/live-catalog.ts';
import type { Health } from '../runtime/modules.ts';
import type { Cache } from '../stores/cache.ts';
import type { Relational } from '../stores/relational.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import type { ReadSums } from './analytics/shared-sums.ts';
import type { CandleFeed } from './live/candle-feed.ts';
import type { LiveChain } from './live/live-chain.ts';

/** What the routes work with. */
export interface AnalyticsDeps {
  readonly catalog: LiveCatalog;
  readonly relational: Relational;
  readonly timeseries: Timeseries;
  readonly cache: Cache;
  readonly environment: string;
  readonly version: string;
  /** How the modules of this process are. */
  readonly health: () => Promise<Record<string, Health>>;
  /** Of one caller; undefined: as many as the gateway lets through. */
  readonly requestsPerMinute?: number | undefined;
  /** For how long an answer with data is given again to others who ask the same; undefined: each is made anew. */
  readonly answersKeptMs?: number | undefined;
  /** For how long those who ask for statistics share one look for the newest block; undefined: as `createCachedStats` has it. */
  readonly newestSharedMs?: number | undefined;
  /** What networks add up to over spans; undefined: read from the store each time. */
  readonly readSums?: ReadSums | undefined;
  /** Gateways that tell who calls. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** WebSockets taken; undefined: as `socketDefaults` has it. */
  readonly socketsMax?: number | undefined;
  readonly log: Logger;
  readonly metrics: Registry;
}

/** What /ws tells, and by which clock: Unix milliseconds. */
export interface LiveParts {
  readonly chain: LiveChain;
  readonly candles: CandleFeed;
  readonly clock: () => number;
}
