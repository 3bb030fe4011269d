import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Pair } from '../../catalog/schema/pair.ts';
import type { BookPlace } from '../datasets/market/write-batch.ts';
import { describeError } from '../runtime/errors.ts';
import type { CatalogInForce, LiveCatalog } from '../runtime/live-catalog.ts';
import type { MarketConfig } from '../runtime/market-config.ts';
import type { Started } from '../runtime/modules.ts';
import type { Bus } from '../stores/bus.ts';
import type { Relational } from '../stores/relational.ts';
import { createBarWriter } from './bar-writer.ts';
import type { Market } from './binance/messages.ts';
import { collectMarket, type MarketCollection, type MarketReport } from './collect-market.ts';
import { createCollectorMetrics } from './collector-metrics.ts';
import { startWatch } from './collector-watch.ts';
import { createRecorder } from './recorder.ts';

/** What the rest of the process may ask of the collector. */
export interface MarketCollector {
  /** One report a market that has pairs. */
  reports(): readonly MarketReport[];
}

export interface MarketCollectorDeps {
  readonly catalog: LiveCatalog;
  readonly relational: Relational;
  readonly bus: Bus;
  readonly config: MarketConfig;
  /** How often bars are published; the writer's own pace unless given. */
  readonly barsIntervalMs?: number | undefined;
  /** What no store has taken yet is kept below. */
  readonly dataDir: string;
  readonly log: Logger;
  readonly metrics: Registry;
}

const retryMs = 5_000;

/** Keeps the books of every pair of the catalog that is not retired, following its changes, and writes down all that happens. */
export async function createMarketCollector(deps: MarketCollectorDeps): Promise<Started<MarketCollector>> {
  const { relational, bus, config, log, metrics } = deps;
  const spillDir = join(deps.dataDir, 'market-spill');
  const markets = new Map<Market, MarketCollection>();
  const recorder = await createRecorder({
    relational,
    dir: join(spillDir, 'records'),
    ...config.storage,
    log,
    metrics,
    wantCheckpoints: (symbols) => {
      for (const collection of markets.values()) collection.checkpoint(symbols);
    },
  });
  const barWriter = await createBarWriter({
    ...{ bus, dir: join(spillDir, 'bars'), log, metrics },
    flushIntervalMs: deps.barsIntervalMs,
  });
  let followed: ReadonlySet<string> = new Set();
  const abort = new AbortController();
  let applied: Promise<void> = Promise.resolve();

  function collectionOf(market: Market): MarketCollection {
    const found = markets.get(market);
    if (found !== undefined) return found;
    const collection = collectMarket({
      market,
      exchange: config.exchange[market],
      collection: config.collection,
      share: config.weightShare,
      apiKey: config.apiKey?.reveal(),
      sinks: {
        record: recorder.part.record,
        gap: recorder.part.gap,
        bars: barWriter.part.write,
        forget: recorder.part.forget,
      },
      metrics: createCollectorMetrics(metrics, market),
      log,
    });
    markets.set(market, collection);
    return collection;
  }

  /** What is held of the pairs that are new, so that what came between is on record. Asked until the store answers. */
  async function heldOf(pairs: readonly Pair[]): Promise<ReadonlyMap<string, BookPlace>> {
    for (;;) {
      try {
        return await recorder.part.loadLastRecorded(pairs.map(({ symbol }) => symbol));
      } catch (error) {
        log.warn({ reason: describeError(error) }, 'what is held of the pairs could not be read, trying again');
        await sleep(retryMs, undefined, { signal: abort.signal });
      }
    }
  }

  async function apply({ catalog }: CatalogInForce): Promise<void> {
    const pairs = catalog.pairs.filter(({ status }) => status !== 'retired');
    const held = await heldOf(pairs.filter(({ symbol }) => !followed.has(symbol)));
    followed = new Set(pairs.map(({ symbol }) => symbol));
    const byMarket = Map.groupBy(pairs, ({ market }) => market);
    for (const market of new Set([...markets.keys(), ...byMarket.keys()]))
      collectionOf(market).setPairs(byMarket.get(market) ?? [], held);
    log.info({ pairs: pairs.length, gapsUntilSnapshot: held.size }, 'pairs are followed');
  }

  await apply(deps.catalog.current());
  const unsubscribe = deps.catalog.subscribe((current) => {
    applied = applied
      .then(() => apply(current))
      .catch((error: unknown) => {
        if (!abort.signal.aborted) log.error({ reason: describeError(error) }, 'catalog could not be applied');
      });
  });
  const watch = startWatch({ reports, recorder, barWriter, monitoring: config.monitoring, log });

  function reports(): MarketReport[] {
    return [...markets.values()].map((collection) => collection.report());
  }

  return {
    part: { reports },
    stop: async () => {
      unsubscribe();
      watch.stop();
      abort.abort(new Error('stopped'));
      await applied;
      await Promise.all([...markets.values()].map((collection) => collection.stop()));
      await Promise.all([recorder.stop(), barWriter.stop()]);
    },
    health: watch.health,
  };
}
