import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { FileCache } from '../catalog/load.ts';
import { opsPort } from '../catalog/ops-port.ts';
import { rpcKeyVariable } from '../catalog/rpc-keys.ts';
import type { Network } from '../catalog/schema/network.ts';
import { type AnalyticsApi, createAnalyticsApi } from './analytics-api/module.ts';
import { createChainRelay } from './chain-relay/module.ts';
import { type ChainSync, createChainSync } from './chain-sync/module.ts';
import { createLocalChains, type LocalChains } from './local-chains/module.ts';
import { readSources } from './runtime/catalog-source.ts';
import { type Children, createChildren } from './runtime/children.ts';
import type { Config } from './runtime/config.ts';
import { type LiveCatalog, openLiveCatalog } from './runtime/live-catalog.ts';
import { type Health, type ModuleTable, module, type Started } from './runtime/modules.ts';
import { openOps } from './runtime/ops.ts';
import type { Bus } from './stores/bus.ts';
import type { Cache } from './stores/cache.ts';
import { migrateDataset, migrateRelational } from './stores/migrate.ts';
import { createStores, type StoresConfig } from './stores/open.ts';
import type { Relational } from './stores/relational.ts';
import type { Timeseries } from './stores/timeseries.ts';
import { createStreamProcessor } from './stream-processor/module.ts';

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
  'chain-sync': ChainSync;
  'chain-relay': undefined;
  'stream-processor': undefined;
  'analytics-api': AnalyticsApi;
}

/** What every module may use beside its needs. */
export interface Context {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly version: string;
  /** How every module is; undefined while the process is starting. */
  health(): Promise<Record<string, Health>> | undefined;
  /** A module that cannot go on ends the process with this error's exit code. */
  fail(error: unknown): void;
}

/** Modules that may be asked for by name: the services of the catalog, and the chains of a laptop. */
export const targets = ['chain-sync', 'stream-processor', 'analytics-api'] as const satisfies (keyof Parts)[];

/** The brief's two addresses of the analytics API, as catalog/services/analytics-api.yaml has them. */
export const apiPorts = [8000, 8002];

/** What `all` starts: every service, and in environment local the chains they follow. */
export function targetsOf(config: Pick<Config, 'targets' | 'environment'>): readonly (keyof Parts)[] {
  const all = config.environment.name === 'local' ? ['local-chains', ...targets] : targets;
  const wanted = config.targets.includes('all') ? all : config.targets;
  // The bus is in process, so the relay that feeds it runs where its consumer runs.
  return (wanted.includes('stream-processor') ? [...wanted, 'chain-relay'] : wanted) as (keyof Parts)[];
}

/** The settings that the modules to be started need and that are not there. */
export function missingSettings({ stores }: Config, modules: readonly string[]): string[] {
  if (stores.kind === 'embedded') return [];
  const why = 'these stores are networked';
  const problems: string[] = [];
  if (modules.includes('relational') && stores.databaseUrl === undefined)
    problems.push(`DATABASE_URL is not set: ${why}`);
  if (modules.includes('timeseries') && stores.clickhouseUrl === undefined)
    problems.push(`CLICKHOUSE_URL is not set: ${why}`);
  return problems;
}

/** The architecture on one screen: each module with what it needs of this process. */
export function createSystem(context: Context): ModuleTable<Parts> {
  const { config, log, metrics } = context;
  const part = module<Parts>();
  const files: FileCache = new Map();
  const { host, portOffset } = config;
  const storesOf = (children: Children) =>
    createStores(storesConfig(config), { log, metrics, children, onLost: context.fail });
  return {
    ops: part([], () => openOps({ host, port: opsPort + portOffset, metrics, health: context.health })),
    catalog: part(['ops'], () =>
      openLiveCatalog({
        paths: [config.source.path, config.environmentFile],
        read: () => readSources(config.source, config.environmentFile, portOffset, files),
        log,
        metrics,
        pollMs: 500,
      }),
    ),
    children: part([], async () => {
      const children = createChildren({ log });
      return { part: children, stop: () => children.close() };
    }),
    relational: part(['catalog', 'children'], ({ children }) =>
      stopIfFails(storesOf(children).openRelational(), (relational) =>
        migrateRelational(relational, 'chain', join(chainTables, 'relational')),
      ),
    ),
    timeseries: part(['children', 'relational'], ({ children, relational }) =>
      stopIfFails(storesOf(children).openTimeseries(), (timeseries) =>
        migrateDataset({ relational, timeseries }, 'chain', chainTables),
      ),
    ),
    bus: part(['children'], ({ children }) => storesOf(children).openBus()),
    cache: part(['children'], ({ children }) => storesOf(children).openCache()),
    'local-chains': part(['catalog', 'children'], ({ catalog, children }) =>
      createLocalChains({ networks: ownNetworks(config, catalog), dataDir: config.dataDir, children, log }),
    ),
    'chain-sync': part(['catalog', 'relational'], ({ catalog, relational }) =>
      createChainSync({ catalog, relational, ...chainSettings(config), log, metrics }),
    ),
    'stream-processor': part(['timeseries', 'bus'], ({ timeseries, bus }) =>
      createStreamProcessor({ timeseries, bus, log, metrics }),
    ),
    // The bus of one process keeps nothing: what is published before a consumer is there would be lost.
    'chain-relay': part(['relational', 'bus', 'stream-processor'], ({ relational, bus }) =>
      createChainRelay({ relational, bus, log, metrics }),
    ),
    'analytics-api': part(['catalog', 'relational', 'timeseries', 'cache'], (parts) =>
      createAnalyticsApi({
        ...parts,
        environment: config.environment.name,
        ports: apiPorts.map((port) => port + portOffset),
        host,
        health: async () => (await context.health()) ?? {},
        log,
        metrics,
        version: context.version,
      }),
    ),
  };
}

/** The chains that exist only in this environment: it starts them itself, each where its first endpoint says. */
function ownNetworks({ environment }: Config, catalog: LiveCatalog): Network[] {
  const own = new Set((environment.networks ?? []).map((network) => network.id));
  return catalog.current().networks.filter((network) => own.has(network.id));
}

const chainTables = join(import.meta.dirname, 'datasets', 'chain');

/** Runs what must follow an opening; what was opened is closed again when that fails. */
async function stopIfFails<P>(opening: Promise<Started<P>>, then: (part: P) => Promise<unknown>): Promise<Started<P>> {
  const started = await opening;
  try {
    await then(started.part);
    return started;
  } catch (error) {
    await started.stop();
    throw error;
  }
}

function storesConfig({ stores, database }: Config): StoresConfig {
  if (stores.kind === 'embedded') return stores;
  return {
    kind: 'networked',
    databaseUrl: stores.databaseUrl?.reveal(),
    databaseCa: stores.databaseCa?.reveal(),
    databasePool: database,
    clickhouseUrl: stores.clickhouseUrl?.reveal(),
  };
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
      requestsPerSecond: sync.requestsPerSecond,
      requestTimeoutMs: sync.requestTimeoutSeconds * 1000,
    },
    maxConcurrentRequests: sync.maxConcurrentRequests,
  };
}
