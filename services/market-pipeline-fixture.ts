import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { marketDefaults } from '../catalog/schema/market-settings.ts';
import type { Pair } from '../catalog/schema/pair.ts';
import type { MarketStores } from './market-api/api-fixture.ts';
import { createMarketApi } from './market-api/module.ts';
import type { Market } from './market-collector/binance/messages.ts';
import { createMarketCollector, type MarketCollector } from './market-collector/module.ts';
import type { MarketConfig } from './runtime/market-config.ts';
import type { Started } from './runtime/modules.ts';
import { liveCatalogOf } from './runtime/testing/live-catalog.ts';
import { createEmbeddedBus } from './stores/embedded/bus.ts';
import type { Relational } from './stores/relational.ts';
import { createMarketStream } from './stream-processor/market-stream.ts';
import type { ExchangeCore } from './testing/exchange/exchange-core.ts';
import { type ExchangeServer, startSimulatedExchange } from './testing/exchange/exchange-server.ts';

// The order books' whole way, from a simulated exchange over a bus in process into both stores and out of the API, for tests: the
// services as the program wires them, without the program.

export interface MarketPipeline extends AsyncDisposable {
  readonly collector: MarketCollector;
  readonly metrics: Registry;
  /** Puts other pairs in force. */
  change(pairs: readonly Pair[]): void;
  get<T>(path: string): Promise<T>;
  health(): Promise<{ readonly ok: boolean; readonly detail?: string }>;
  stop(): Promise<void>;
}

export interface MarketPipelineOptions extends Pick<MarketStores, 'relational' | 'timeseries'> {
  readonly exchanges: Partial<Record<Market, Pick<ExchangeServer, 'restUrl' | 'streamUrl'>>>;
  readonly pairs: readonly Pair[];
  readonly config?: Partial<Pick<MarketConfig, 'collection' | 'storage'>>;
  /** A folder of its own when it is left out. */
  readonly dataDir?: string;
}

export async function startMarketPipeline(options: MarketPipelineOptions): Promise<MarketPipeline> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'defimon-market-pipeline-'));
  const metrics = new Registry();
  const catalog = liveCatalogOf({ pairs: [...options.pairs] });
  const shared = { ...options, catalog, log: pino({ level: 'silent' }), metrics };
  const addressOf = (market: Market) => ({
    rest: options.exchanges[market]?.restUrl ?? 'http://127.0.0.1:9',
    stream: options.exchanges[market]?.streamUrl ?? 'ws://127.0.0.1:9',
  });
  const { bus, stop: stopBus } = createEmbeddedBus();
  const stream = await createMarketStream({ ...shared, bus });
  const collector = await createMarketCollector({
    ...shared,
    bus,
    dataDir,
    config: {
      ...marketDefaults,
      exchange: { spot: addressOf('spot'), usdm: addressOf('usdm'), coinm: addressOf('coinm') },
      collection: { ...marketDefaults.collection, reconnectDelaySeconds: 1, ...options.config?.collection },
      storage: { ...marketDefaults.storage, flushIntervalSeconds: 0.2, ...options.config?.storage },
      weightShare: 1,
      apiKey: undefined,
      secretKey: undefined,
    },
  });
  const api = await createMarketApi({
    ...shared,
    environment: 'local',
    version: '0',
    health: async () => ({}),
    ports: [0],
    host: '127.0.0.1',
  });
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    stopped ??= stopAll([api, collector, stream, { stop: stopBus }]);
    await stopped;
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
  };
  return {
    collector: collector.part,
    metrics,
    change: (pairs) => catalog.put({ pairs: [...pairs] }),
    get: async <T>(path: string) => {
      const response = await fetch(`${api.part.urls[0]}${path}`);
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as T;
    },
    health: async () => (await collector.health?.()) ?? { ok: true },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function stopAll(parts: readonly Pick<Started<unknown>, 'stop'>[]): Promise<void> {
  for (const part of parts) await part.stop();
}

/** A market with these symbols, all USDT pairs. Futures pairs end in `.P` in the catalog. */
export async function startMarket(
  market: Market,
  bases: readonly string[],
  options: Partial<Parameters<typeof startSimulatedExchange>[0]> = {},
): Promise<{ readonly exchange: ExchangeServer<ExchangeCore>; readonly pairs: readonly Pair[] }> {
  const exchange = await startSimulatedExchange({
    market,
    updatesPerSecond: 10,
    seed: 11,
    symbols: bases.map((base, at) => ({
      symbol: `${base}USDT`,
      base,
      quote: 'USDT',
      tickSize: at % 2 === 0 ? '0.01' : '0.00001',
      stepSize: '0.001',
      price: at % 2 === 0 ? 27_000 : 0.4,
      // More than a snapshot shows.
      levels: at === 0 ? 1500 : 300,
    })),
    ...options,
  });
  return { exchange, pairs: bases.map((base, at) => pairOf(base, market, at % 2 === 0 ? '0.01' : '0.00001')) };
}

export function pairOf(base: string, market: Market, tickSize = '0.01'): Pair {
  const exchangeSymbol = `${base}USDT`;
  return {
    symbol: market === 'spot' ? exchangeSymbol : `${exchangeSymbol}.P`,
    ...(market === 'spot' ? {} : { exchangeSymbol }),
    base,
    quote: 'USDT',
    tickSize,
    stepSize: '0.001',
    priority: 5,
    status: 'active',
    category: 'top10',
    exchange: 'binance',
    market,
    owner: 'market',
  };
}

export interface Holes {
  /** Depth updates that were looked at. */
  readonly updates: number;
  readonly openGaps: number;
  /** Records of any kind that are there more than once. */
  readonly doubled: number;
  readonly unexplained: readonly string[];
}

/**
 * Checks that every spot update that was recorded continues the one before it, or that gaps on record tell of all ids between
 * the two; what they do not tell of is unexplained.
 */
export async function findHoles(relational: Relational, symbol: string): Promise<Holes> {
  const updates = await relational.query<{ first: string; last: string }>(
    `SELECT first_update_id AS first, update_id AS last FROM market.records
      WHERE symbol = $1 AND kind = 'depth' ORDER BY update_id`,
    [symbol],
  );
  const gaps = await relational.query<{ from: string; to: string | null }>(
    `SELECT from_update_id AS from, to_update_id AS to FROM market.gaps
      WHERE symbol = $1 AND stream = 'book' ORDER BY from_update_id`,
    [symbol],
  );
  const [counted] = await relational.query<{ doubled: number }>(
    `SELECT (count(*) - count(DISTINCT (kind, update_id)))::int4 AS doubled FROM market.records WHERE symbol = $1`,
    [symbol],
  );
  const unexplained: string[] = [];
  let at: number | undefined;
  for (const { first, last } of updates) {
    const hole = at === undefined ? undefined : { from: at, to: Number(first) - 1 };
    at = Math.max(at ?? 0, Number(last));
    if (hole === undefined || hole.from >= hole.to) continue;
    let told = hole.from;
    for (const { from, to } of gaps) if (Number(from) <= told) told = Math.max(told, to === null ? told : Number(to));
    if (told < hole.to) unexplained.push(`${hole.from} to ${hole.to}, told of to ${told}`);
  }
  const openGaps = gaps.filter(({ to }) => to === null).length;
  return { updates: updates.length, openGaps, doubled: counted?.doubled ?? 0, unexplained };
}
