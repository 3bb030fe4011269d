import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { LiveCatalog } from '../runtime/live-catalog.ts';
import type { Health } from '../runtime/modules.ts';
import type { Cache } from '../stores/cache.ts';
import type { Relational } from '../stores/relational.ts';
import type { Timeseries } from '../stores/timeseries.ts';

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
  readonly log: Logger;
  readonly metrics: Registry;
}
