import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Children } from '../runtime/children.ts';
import { ConfigurationError } from '../runtime/errors.ts';
import type { Started } from '../runtime/modules.ts';
import { openWatched, type Watchable } from '../runtime/watch-store.ts';
import type { Bus } from './bus.ts';
import type { Cache } from './cache.ts';
import { createEmbeddedBus } from './embedded/bus.ts';
import { createEmbeddedCache } from './embedded/cache.ts';
import type { PoolSettings } from './pool-settings.ts';
import type { Relational } from './relational.ts';
import type { Timeseries } from './timeseries.ts';

/** Where the data is: the one choice that tells a laptop from a cluster. */
export type StoresConfig =
  | { readonly kind: 'embedded'; readonly dataDir: string }
  | {
      readonly kind: 'networked';
      /** Undefined in a process that does not open the store. */
      readonly databaseUrl: string | undefined;
      /** The certificate of PostgreSQL's authority, as PEM. */
      readonly databaseCa?: string | undefined;
      readonly databasePool?: PoolSettings;
      readonly clickhouseUrl: string | undefined;
      /** With it ClickHouse is in this process although PostgreSQL is not. */
      readonly timeseriesDataDir?: string | undefined;
    };

export interface StoresDeps {
  readonly log: Logger;
  /** Told how the databases are; without it nobody is, and none is waited for. */
  readonly metrics?: Registry;
  /** Runs the embedded PostgreSQL. Close it after the stores. */
  readonly children: Children;
  /** Told if an embedded server ends by itself: the process cannot go on. */
  readonly onLost: (error: Error) => void;
}

export interface Stores {
  openRelational(): Promise<Required<Started<Relational>>>;
  openTimeseries(): Promise<Required<Started<Timeseries>>>;
  openBus(): Promise<Started<Bus>>;
  openCache(): Promise<Started<Cache>>;
}

/** Of a watched process: what DatabaseConnectionFailed takes to be told, before a restart hides why. */
const openingPatienceMs = 120_000;

/** How each store is opened under this configuration; nothing is opened yet. */
export function createStores(config: StoresConfig, deps: StoresDeps): Stores {
  // In process under both kinds for now: services of several processes do not reach each other yet.
  const shared = {
    openBus: openEmbeddedBus,
    openCache: async () => ({ part: createEmbeddedCache(), stop: async () => {} }),
  };
  const patienceMs = config.kind === 'networked' ? openingPatienceMs : 0;
  const watched = <P>(name: string, open: () => Promise<Watchable<P>>): Promise<Required<Started<P>>> =>
    deps.metrics === undefined ? open() : openWatched(deps.metrics, name, open, { log: deps.log, patienceMs });
  // Imports are lazy so that a process loads only the drivers of its kind.
  switch (config.kind) {
    case 'embedded':
      return {
        ...shared,
        openRelational: async () =>
          watched('relational', async () =>
            (await import('./embedded/postgres.ts')).openEmbeddedPostgres({ ...config, ...deps }),
          ),
        openTimeseries: async () =>
          watched('timeseries', async () => (await import('./embedded/chdb.ts')).openEmbeddedTimeseries(config)),
      };
    case 'networked':
      return {
        ...shared,
        openRelational: async () =>
          watched('relational', async () =>
            (await import('./networked/postgres.ts')).openNetworkedPostgres({
              databaseUrl: given('DATABASE_URL', config.databaseUrl),
              ca: config.databaseCa,
              pool: config.databasePool,
            }),
          ),
        openTimeseries: async () =>
          watched('timeseries', async () =>
            config.timeseriesDataDir === undefined
              ? (await import('./networked/clickhouse.ts')).openNetworkedTimeseries({
                  clickhouseUrl: given('CLICKHOUSE_URL', config.clickhouseUrl),
                })
              : (await import('./embedded/chdb.ts')).openEmbeddedTimeseries({ dataDir: config.timeseriesDataDir }),
          ),
      };
  }
}

function given(name: string, value: string | undefined): string {
  if (value === undefined) throw new ConfigurationError(`${name} is not set, and this process opens that store`);
  return value;
}

async function openEmbeddedBus(): Promise<Started<Bus>> {
  const { bus, stop } = createEmbeddedBus();
  return { part: bus, stop };
}
