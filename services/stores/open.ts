import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Topic } from '../../catalog/schema/topic.ts';
import type { Children } from '../runtime/children.ts';
import { ConfigurationError } from '../runtime/errors.ts';
import type { Started } from '../runtime/modules.ts';
import { addressVariables, type StoresConfig } from '../runtime/stores-config.ts';
import { openWatched, type Watchable } from '../runtime/watch-store.ts';
import type { Bus } from './bus.ts';
import type { Cache } from './cache.ts';
import { createEmbeddedBus } from './embedded/bus.ts';
import { createEmbeddedCache } from './embedded/cache.ts';
import type { Relational } from './relational.ts';
import type { Timeseries } from './timeseries.ts';

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
  /** `topics` gives the catalog's table as it stands. */
  openBus(topics: () => readonly Topic[]): Promise<Started<Bus>>;
  openCache(): Promise<Started<Cache>>;
}

/** Of a watched process: what DatabaseConnectionFailed takes to be told, before a restart hides why. */
const openingPatienceMs = 120_000;

/** How each store is opened under this configuration; nothing is opened yet. */
export function createStores(config: StoresConfig, deps: StoresDeps): Stores {
  const { dataDir, relational, timeseries, cache, bus } = config;
  const watched = <P>(name: string, kind: Kind, open: () => Promise<Watchable<P>>): Promise<Required<Started<P>>> => {
    if (deps.metrics === undefined) return open();
    const patienceMs = kind === 'networked' ? openingPatienceMs : 0;
    return openWatched(deps.metrics, name, open, { log: deps.log, patienceMs });
  };
  // Imports are lazy so that a process loads only the drivers that it uses.
  return {
    openRelational: () =>
      watched('relational', relational.kind, async () =>
        relational.kind === 'embedded'
          ? (await import('./embedded/postgres.ts')).openEmbeddedPostgres({ dataDir, ...deps })
          : (await import('./networked/postgres.ts')).openNetworkedPostgres({
              databaseUrl: given('relational', relational.address).reveal(),
              ca: relational.ca?.reveal(),
              pool: relational.pool,
            }),
      ),
    openTimeseries: () =>
      watched('timeseries', timeseries.kind, async () =>
        timeseries.kind === 'embedded'
          ? (await import('./embedded/chdb.ts')).openEmbeddedTimeseries({ dataDir })
          : (await import('./networked/clickhouse.ts')).openNetworkedTimeseries({
              clickhouseUrl: given('timeseries', timeseries.address).reveal(),
            }),
      ),
    openCache: async () =>
      cache.kind === 'embedded'
        ? { part: createEmbeddedCache(), stop: async () => {} }
        : // It stands in for itself while Redis is away, and tells of that by a metric of its own.
          (await import('./networked/redis.ts')).openNetworkedCache({
            redisUrl: given('cache', cache.address).reveal(),
            ...deps,
          }),
    openBus: async (topics) =>
      bus.kind === 'embedded'
        ? openEmbeddedBus()
        : watched('bus', bus.kind, async () =>
            (await import('./networked/kafka.ts')).openKafkaBus({ kafka: given('bus', bus.address), topics, ...deps }),
          ),
  };
}

type Kind = 'embedded' | 'networked';

function given<A>(name: keyof typeof addressVariables, address: A | undefined): A {
  if (address !== undefined) return address;
  throw new ConfigurationError(`${addressVariables[name]} is not set, and this process opens that store`);
}

async function openEmbeddedBus(): Promise<Started<Bus>> {
  const { bus, stop } = createEmbeddedBus();
  return { part: bus, stop };
}
