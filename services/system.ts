import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { FileCache } from '../catalog/load.ts';
import { opsPort } from '../catalog/ops-port.ts';
import { rpcKeyVariable } from '../catalog/rpc-keys.ts';
import type { Network } from '../catalog/schema/network.ts';
import { type Admin, createAdmin } from './admin/module.ts';
import { type AnalyticsApi, createAnalyticsApi } from './analytics-api/module.ts';
import { createChainRelay } from './chain-relay/module.ts';
import { type ChainSync, createChainSync } from './chain-sync/module.ts';
import { createLocalChains, type LocalChains } from './local-chains/module.ts';
import { createLocalExchange, type LocalExchange } from './local-exchange/module.ts';
import { createMarketApi, type MarketApi } from './market-api/module.ts';
import { createMarketCollector, type MarketCollector } from './market-collector/module.ts';
import { createProcessStatus } from './process-status.ts';
import { readSources } from './runtime/catalog-source.ts';
import { type Children, createChildren } from './runtime/children.ts';
import type { Config } from './runtime/config.ts';
import { type LiveCatalog, openLiveCatalog } from './runtime/live-catalog.ts';
import { type Health, type ModuleTable, module, type Started } from './runtime/modules.ts';
import { openOps } from './runtime/ops.ts';
import type { RecentErrors } from './runtime/recent-errors.ts';
import { addressVariables } from './runtime/stores-config.ts';
import type { Bus } from './stores/bus.ts';
import type { Cache } from './stores/cache.ts';
import { migrateDataset, migrateRelational, migrateTimeseriesInTurn } from './stores/migrate.ts';
import { createStores } from './stores/open.ts';
import { createPreparedTimeseries } from './stores/prepared-timeseries.ts';
import type { Relational } from './stores/relational.ts';
import type { Timeseries } from './stores/timeseries.ts';
import { windowPace } from './stream-processor/chain-schedule.ts';
import { createChainStream } from './stream-processor/chain-stream.ts';
import { createMarketStream } from './stream-processor/market-stream.ts';

/** What each module gives to those that need it. */
export interface Parts {
  ops: { url: string };
  catalog: LiveCatalog;
  children: Children;
  relational: Relational;
  timeseries: Timeseries;
  bus: Bus;
  cache: Cache;
  'local-chains': LocalChains;
  'local-exchange': LocalExchange;
  'chain-tables': undefined;
  'chain-series': undefined;
  'market-tables': undefined;
  'market-series': Timeseries;
  'chain-sync': ChainSync;
  'chain-relay': undefined;
  'chain-stream': undefined;
  'market-stream': undefined;
  'stream-processor': undefined;
  'analytics-api': AnalyticsApi;
  'market-collector': MarketCollector;
  'market-api': MarketApi;
  admin: Admin;
}

/** What every module may use beside its needs. */
export interface Context {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly version: string;
  /** When the process began, Unix milliseconds. */
  readonly startedAt: number;
  /** What its log warned of lately. */
  readonly recentErrors: RecentErrors;
  /** How every module is; undefined while the process is starting. */
  health(): Promise<Record<string, Health>> | undefined;
  /** A module that cannot go on ends the process with this error's exit code. */
  fail(error: unknown): void;
}

/** Modules that may be asked for by name: the services of the catalog. */
export const targets = [
  'chain-sync',
  'stream-processor',
  'analytics-api',
  'market-collector',
  'market-api',
  'admin',
] as const satisfies (keyof Parts)[];

/** The brief's two addresses of the analytics API, as catalog/services/analytics-api.yaml has them. */
export const apiPorts = [8000, 8002];
/** For how long the analytics API gives an answer again: chain-sync reports as often. */
const answersKeptMs = 1000;
/** The brief's address of the order books' API, as catalog/services/market-api.yaml has it. */
export const marketApiPorts = [8080];
/** The brief's address of the dashboard, as catalog/services/admin.yaml has it. */
export const adminPorts = [3000];

/** What `all` starts: every service, and in environment local the chains and the exchange that they follow. */
export function targetsOf(
  config: Pick<Config, 'targets' | 'environment' | 'live' | 'stores'>,
): readonly (keyof Parts)[] {
  const isLocal = config.environment.name === 'local';
  const own = isLocal ? ['local-chains', ...(config.live ? [] : ['local-exchange'])] : [];
  const all = [...own, ...targets];
  const wanted = config.targets.includes('all') ? all : config.targets;
  return (wanted.includes(relayHostOf(config)) ? [...wanted, 'chain-relay'] : wanted) as (keyof Parts)[];
}

/** The relay runs with who fills its outbox; if the bus is in the process, it runs where its consumer is. */
function relayHostOf({ stores }: Pick<Config, 'stores'>): keyof Parts {
  return stores.bus.kind === 'networked' ? 'chain-sync' : 'stream-processor';
}

/** The settings that the modules to be started need and that are not there. */
export function missingSettings({ stores }: Config, modules: readonly string[]): string[] {
  const names = Object.keys(addressVariables) as (keyof typeof addressVariables)[];
  return names.flatMap((name) => {
    const store = stores[name];
    if (store.kind === 'embedded' || store.address !== undefined || !modules.includes(name)) return [];
    return [`${addressVariables[name]} is not set: the ${name} store of this environment is networked`];
  });
}

/**
 * Why services of this process will hear nothing of the others: their bus is in this process, and those who tell are not. A
 * laptop may want that, a cluster never does.
 */
export function deafServices(config: Pick<Config, 'targets' | 'environment' | 'live' | 'stores'>): string[] {
  if (config.stores.bus.kind === 'networked') return [];
  const running: readonly string[] = targetsOf(config);
  const deaf = ['analytics-api', 'stream-processor'].filter((target) => running.includes(target));
  return running.includes('chain-sync') ? [] : deaf;
}

/** The architecture on one screen: each module with what it needs of this process. */
export function createSystem(context: Context): ModuleTable<Parts> {
  const { config, log, metrics } = context;
  const part = module<Parts>();
  const files: FileCache = new Map();
  const { host, portOffset } = config;
  const storesOf = (children: Children) =>
    createStores(config.stores, { log, metrics, children, onLost: context.fail });
  const portsOf = (ports: readonly number[]): number[] => ports.map((port) => port + portOffset);
  /** What every API is given. */
  const served = {
    environment: config.environment.name,
    version: context.version,
    health: async () => (await context.health()) ?? {},
    trustedProxies: config.trustedProxies,
    socketsMax: config.socketsMax,
    ...{ host, log, metrics },
  };
  const isLocal = config.environment.name === 'local';
  let liveCatalog: LiveCatalog | undefined;
  const status = createProcessStatus({
    ...{ targets: targetsOf(config), version: context.version, environment: config.environment.name },
    ...{ startedAt: context.startedAt, source: config.source, recentErrors: context.recentErrors },
    catalog: () => liveCatalog,
    health: () => context.health(),
  });
  return {
    ops: part([], () =>
      openOps({ host, port: opsPort + portOffset, metrics, health: readinessOf(context), status: status.read }),
    ),
    catalog: part(['ops'], async () => {
      const started = await openLiveCatalog({
        paths: [config.source.path, config.environmentFile],
        read: () => readSources(config.source, config.environmentFile, portOffset, files),
        log,
        metrics,
        pollMs: 500,
      });
      liveCatalog = started.part;
      return started;
    }),
    children: part([], async () => {
      const children = createChildren({ log });
      return { part: children, stop: () => children.close() };
    }),
    relational: part(['catalog', 'children'], ({ children }) => storesOf(children).openRelational()),
    timeseries: part(['catalog', 'children'], ({ children }) => storesOf(children).openTimeseries()),
    bus: part(['catalog', 'children'], ({ catalog, children }) =>
      storesOf(children).openBus(() => catalog.current().catalog.topics),
    ),
    cache: part(['children'], ({ children }) => storesOf(children).openCache()),
    // A dataset's tables are brought up to date by whoever uses them.
    'chain-tables': part(['relational'], ({ relational }) =>
      migrated(migrateRelational(relational, 'chain', join(tables, 'chain', 'relational'))),
    ),
    'chain-series': part(['relational', 'timeseries', 'chain-tables'], (stores) =>
      migrated(migrateDataset(stores, 'chain', join(tables, 'chain'))),
    ),
    'market-tables': part(['relational'], ({ relational }) =>
      migrated(migrateRelational(relational, 'market', join(tables, 'market', 'relational'))),
    ),
    // Books and their records do not wait for the store of their bars. Who has bars alone may have another relational store.
    'market-series': part(['relational', 'timeseries'], async ({ relational, timeseries }) => {
      const dir = join(tables, 'market', 'timeseries');
      const prepare = () => migrateTimeseriesInTurn({ relational, timeseries }, 'market', dir);
      return { part: createPreparedTimeseries(timeseries, prepare), stop: async () => {} };
    }),
    'local-chains': part(['catalog', 'children'], ({ catalog, children }) =>
      createLocalChains({ networks: ownNetworks(config, catalog), dataDir: config.dataDir, children, log }),
    ),
    'local-exchange': part(['catalog'], async ({ catalog }) => {
      const { pairs } = catalog.current().catalog;
      const started = await createLocalExchange({ pairs, exchange: config.market.exchange, log });
      // A pair that a new line of the catalog names is traded here at once.
      const unsubscribe = catalog.subscribe((current) => started.part.setPairs(current.catalog.pairs));
      const stop = async (): Promise<void> => {
        unsubscribe();
        await started.stop();
      };
      return { ...started, stop };
    }),
    'chain-sync': part(['catalog', 'relational', 'chain-tables'], ({ catalog, relational }) =>
      createChainSync({ catalog, relational, ...chainSettings(config), log, metrics }),
    ),
    'chain-stream': part(['catalog', 'relational', 'timeseries', 'bus', 'chain-series'], (stores) =>
      createChainStream({
        ...{ ...stores, log, metrics, timeseriesDays: config.sync.retention?.timeseriesDays },
        paceMs: windowPace(config.windowPaceSeconds, isLocal),
      }),
    ),
    'market-stream': part(['bus', 'market-series'], (parts) =>
      createMarketStream({ bus: parts.bus, timeseries: parts['market-series'], log, metrics }),
    ),
    'stream-processor': part(['chain-stream', 'market-stream'], async () => ({
      part: undefined,
      stop: async () => {},
    })),
    // The bus of one process keeps nothing: what is published before a consumer is there would be lost.
    'chain-relay': part(
      [
        'catalog',
        'relational',
        'bus',
        'chain-tables',
        ...(config.stores.bus.kind === 'embedded' ? ['chain-stream' as const] : []),
      ],
      ({ catalog, relational, bus }) => createChainRelay({ catalog, relational, bus, log, metrics }),
    ),
    'analytics-api': part(['catalog', 'relational', 'timeseries', 'cache', 'bus', 'chain-series'], (parts) =>
      createAnalyticsApi({
        ...{ ...parts, ...served, requestsPerMinute: config.requestsPerMinute, answersKeptMs },
        ports: portsOf(apiPorts),
      }),
    ),
    'market-collector': part(
      [
        ...(['catalog', 'relational', 'bus', 'market-tables'] as const),
        // As with the relay: in one process bars are stored where they are told.
        ...(config.stores.bus.kind === 'embedded' ? ['market-stream' as const] : []),
      ],
      (parts) =>
        createMarketCollector({
          ...{ ...parts, config: config.market, dataDir: config.dataDir, log, metrics },
          // Brokers take a batch a second easily, and whoever follows candles sees each second soon.
          barsIntervalMs: config.stores.bus.kind === 'networked' ? 1_000 : undefined,
        }),
    ),
    'market-api': part(['catalog', 'relational', 'market-tables', 'market-series'], (parts) =>
      createMarketApi({ ...parts, ...served, timeseries: parts['market-series'], ports: portsOf(marketApiPorts) }),
    ),
    // The APIs that it passes reads on to may be started after it, in another process, or not at all.
    admin: part(['ops', 'catalog'], ({ ops, catalog }) =>
      createAdmin({
        ...{ catalog, host, log, metrics, settings: config.admin, environment: config.environment },
        ...{ version: context.version, startedAt: context.startedAt, ports: portsOf(adminPorts) },
        trustedProxies: config.trustedProxies,
        heldKinds: () => status.head()?.keys,
        upstreams: upstreamsOf(config),
        projectFolder: isLocal ? join(import.meta.dirname, '..') : undefined,
        ownStatus: status.read,
        ownOpsUrl: ops.url,
      }),
    ),
  };
}

/** Where the dashboard finds the APIs: as it is told, or in this process. */
function upstreamsOf(config: Config): { analytics?: string; market?: string } {
  const running: readonly string[] = targetsOf(config);
  // What listens on every address is reached at the machine's own.
  const reached = { '0.0.0.0': '127.0.0.1', '::': '[::1]' }[config.host] ?? config.host;
  const name = reached.includes(':') && !reached.startsWith('[') ? `[${reached}]` : reached;
  const own = (target: string, [port = 0]: readonly number[]): string | undefined =>
    running.includes(target) ? `http://${name}:${port + config.portOffset}` : undefined;
  const analytics = config.admin.analyticsUrl ?? own('analytics-api', apiPorts);
  const market = config.admin.marketUrl ?? own('market-api', marketApiPorts);
  return { ...(analytics === undefined ? {} : { analytics }), ...(market === undefined ? {} : { market }) };
}

/** The chains that exist only in this environment: it starts them itself, each where its first endpoint says. */
function ownNetworks({ environment }: Config, catalog: LiveCatalog): Network[] {
  const own = new Set((environment.networks ?? []).map((network) => network.id));
  return catalog.current().networks.filter((network) => own.has(network.id));
}

/**
 * Stores that a service goes on without: bars wait for the bus and for their store, and the analytics API answers from the other
 * stores, while those who follow chains are told that what they have is old.
 */
const goesWithout: Partial<Record<string, readonly string[]>> = {
  'analytics-api': ['bus'],
  'market-collector': ['bus', 'timeseries'],
  'market-api': ['bus', 'timeseries'],
  // It asks none of them itself, and says so of those that do.
  admin: ['bus', 'timeseries'],
};

/** What the process is ready by: a store that each of its services goes on without may be away. */
export function readinessOf({ config, health }: Pick<Context, 'config' | 'health'>): Context['health'] {
  const spared = ['bus', 'timeseries'].filter((store) =>
    targetsOf(config).every((target) => goesWithout[target]?.includes(store)),
  );
  if (spared.length === 0) return health;
  return () =>
    health()?.then((modules) => {
      const away = spared.flatMap((name) => {
        const { [name]: one } = modules;
        if (one === undefined || one.ok) return [];
        return [[name, { ok: true, detail: `away, and not waited for: ${one.detail ?? ''}` }] as const];
      });
      return { ...modules, ...Object.fromEntries(away) };
    });
}

const tables = join(import.meta.dirname, 'datasets');

/** A part that is there once its tables are. */
async function migrated(work: Promise<unknown>): Promise<Started<undefined>> {
  await work;
  return { part: undefined, stop: async () => {} };
}

function chainSettings(config: Config) {
  const { sync, environment } = config;
  return {
    selection: {
      phases: environment.phases,
      priorityThreshold: sync.priorityThreshold,
      only: config.onlyNetworks,
      remoteEndpoints: config.live,
      keyOf: (secretRef: string) => config.rpcKeys.get(rpcKeyVariable(secretRef))?.reveal(),
    },
    tuning: {
      intervalMs: sync.intervalSeconds * 1000,
      batchSize: sync.batchSize,
      historyBlocks: sync.historyBlocks,
      relationalDays: sync.retention?.relationalDays,
      requestsPerSecond: sync.requestsPerSecond,
      requestTimeoutMs: sync.requestTimeoutSeconds * 1000,
    },
    maxConcurrentRequests: sync.maxConcurrentRequests,
  };
}
