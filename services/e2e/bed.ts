import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { loadCatalog } from '../../catalog/load.ts';
import { createChildren } from '../runtime/children.ts';
import { secretOf } from '../runtime/settings.ts';
import { embeddedStores } from '../runtime/stores-config.ts';
import type { Bus } from '../stores/bus.ts';
import { createStores } from '../stores/open.ts';
import type { Relational } from '../stores/relational.ts';
import type { Timeseries } from '../stores/timeseries.ts';
import { type KafkaServer, startKafka } from '../testing/kafka/kafka-server.ts';
import { createManyProcesses, createOneProcess, dataFolderOf, type Platform } from './platform.ts';
import { createClickHouse, createPostgres, createRedis, makeBedFolder, type StoreServer } from './servers.ts';
import { mountSmallDisk } from './small-disk.ts';
import { type Sources, startSources } from './sources.ts';

/** Real stores, each a server of its own. */
export interface StoreServers {
  readonly kafka: KafkaServer;
  readonly postgres: StoreServer;
  readonly redis: StoreServer;
  readonly clickhouse: StoreServer;
}

/** All that a run needs: sources, stores and the platforms on them. Everything goes when it is disposed of. */
export interface Bed extends AsyncDisposable {
  readonly folder: string;
  readonly sources: Sources;
  readonly servers: StoreServers | undefined;
  readonly one: Platform | undefined;
  readonly many: Platform | undefined;
  /** Looks into the networked stores. */
  readonly stores: { readonly relational: Relational; readonly timeseries: Timeseries } | undefined;
  readonly bus: Bus | undefined;
  /** The disk that the collector of many processes keeps its data on. */
  readonly smallDisk: string | undefined;
}

export interface BedOptions {
  readonly seed: number;
  readonly platforms: readonly ('one' | 'many')[];
  readonly log: Logger;
  /** Told of each step. */
  readonly tell: (line: string) => void;
  /** What services are given beside their addresses: PATH and HOME. */
  readonly env: Readonly<Record<string, string>>;
  /** The folder with logs and data stays. */
  readonly keeps: boolean;
  /** The collector of many processes gets a small disk of its own. */
  readonly smallDisk: boolean;
  /** Given, before anything is started, what ends all that was: for who cannot wait until the bed is open. */
  readonly onClosable?: (close: () => Promise<void>) => void;
}

/** Room for a healthy collector, and little more. */
const smallDiskMiB = 32;

export async function openBed(options: BedOptions): Promise<Bed> {
  const { seed, platforms, env, log, tell } = options;
  const folder = makeBedFolder(mkdtempSync(join(tmpdir(), 'defimon-e2e-')));
  const children = createChildren({ log });
  const closing: (() => unknown)[] = [];
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= closeAll();
    return closed;
  };
  const closeAll = async (): Promise<void> => {
    for (const each of closing.reverse()) await each();
    await children.close();
    if (options.keeps) tell(`logs and data are in ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  };
  options.onClosable?.(close);
  try {
    tell('starting the chains and the exchange');
    const sources = await startSources({ folder: makeBedFolder(join(folder, 'sources')), seed });
    closing.push(() => sources[Symbol.asyncDispose]());
    const deps = { sources, children, folder, env };
    const one = platforms.includes('one') ? await createOneProcess(deps) : undefined;
    let servers: StoreServers | undefined;
    let many: Platform | undefined;
    let stores: Bed['stores'];
    let bus: Bus | undefined;
    let smallDisk: string | undefined;
    if (platforms.includes('many')) {
      tell('starting Apache Kafka, PostgreSQL, Redis and ClickHouse');
      servers = await startServers({ children, folder: makeBedFolder(join(folder, 'servers')) }, closing);
      const { kafka, postgres, redis, clickhouse } = servers;
      const opened = await openStores({
        databaseUrl: postgres.url,
        clickhouseUrl: clickhouse.url,
        brokers: kafka.brokers,
        sources,
        log,
      });
      ({ stores, bus } = opened);
      closing.push(() => opened.close());
      const addresses = {
        DATABASE_URL: postgres.url,
        CLICKHOUSE_URL: clickhouse.url,
        REDIS_URL: redis.url,
        KAFKA_BROKERS: kafka.brokers.join(','),
      };
      many = await createManyProcesses({ ...deps, addresses });
      if (options.smallDisk) {
        smallDisk = dataFolderOf(folder, 'market-collector');
        closing.push(mountSmallDisk(smallDisk, smallDiskMiB));
      }
    }
    for (const platform of [one, many]) {
      if (platform === undefined) continue;
      tell(`starting Defimon as ${platform.name}`);
      closing.push(() => platform.stop());
      await platform.start();
    }
    await Promise.all([one?.ready(), many?.ready()]);
    return { folder, sources, servers, one, many, stores, bus, smallDisk, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startServers(
  deps: Parameters<typeof createPostgres>[0],
  closing: (() => unknown)[],
): Promise<StoreServers> {
  const servers = await Promise.all([createPostgres(deps), createRedis(deps), createClickHouse(deps)]);
  for (const server of servers) {
    closing.push(() => server.stop());
    await server.start();
  }
  const kafka = await startKafka({ folder: join(deps.folder, 'kafka') });
  closing.push(() => kafka.stop());
  for (const server of servers) await server.ready();
  const [postgres, redis, clickhouse] = servers;
  return { kafka, postgres, redis, clickhouse };
}

async function openStores(at: {
  readonly databaseUrl: string;
  readonly clickhouseUrl: string;
  readonly brokers: readonly string[];
  readonly sources: Sources;
  readonly log: Logger;
}) {
  const { log } = at;
  const children = createChildren({ log });
  const config = {
    ...embeddedStores(''),
    relational: { kind: 'networked', address: secretOf(at.databaseUrl) },
    timeseries: { kind: 'networked', address: secretOf(at.clickhouseUrl) },
    bus: { kind: 'networked', address: { brokers: at.brokers, tls: false, createsTopics: true } },
  } as const;
  const opening = createStores(config, { log, children, onLost: () => undefined });
  const { topics } = loadCatalog(at.sources.catalog);
  const [relational, timeseries, bus] = [
    await opening.openRelational(),
    await opening.openTimeseries(),
    await opening.openBus(() => topics),
  ];
  return {
    stores: { relational: relational.part, timeseries: timeseries.part },
    bus: bus.part,
    close: async () => {
      await bus.stop();
      await relational.stop();
      await timeseries.stop();
      await children.close();
    },
  };
}
