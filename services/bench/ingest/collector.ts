import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { marketDefaults } from '../../../catalog/schema/market-settings.ts';
import type { Pair } from '../../../catalog/schema/pair.ts';
import { type CollectMarketOptions, collectMarket } from '../../market-collector/collect-market.ts';
import { createCollectorMetrics } from '../../market-collector/collector-metrics.ts';
import { createRecorder, type Recorder } from '../../market-collector/recorder.ts';
import { createLogger } from '../../runtime/log.ts';
import type { Relational } from '../../stores/relational.ts';

/** The collector of one market, from its sockets to its rows, with the settings that an environment has by itself. */
export interface Collector {
  /** Updates and tickers that were handed to the recorder, of all symbols. */
  readonly recorded: number;
  /** Records that are in memory: neither in PostgreSQL nor on disk. */
  readonly waiting: number;
  /** Resolves when all that was recorded is committed. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface CollectorOptions {
  readonly relational: Relational;
  /** For what waits while the database is away. */
  readonly directory: string;
  /** Host and port. */
  readonly exchange: string;
  readonly symbols: readonly string[];
}

/**
 * Resolves when all books are live and their snapshots are written. Bars, which go to ClickHouse, are made and thrown away:
 * this bench is about PostgreSQL.
 */
export async function openCollector({
  relational,
  directory,
  exchange,
  symbols,
}: CollectorOptions): Promise<Collector> {
  const log = createLogger('silent', 'machines', false);
  const recorder = await openOwnRecorder(relational, directory);
  let recorded = 0;
  const sinks: CollectMarketOptions['sinks'] = {
    record: (record) => {
      if (record.kind === 'depth' || record.kind === 'ticker') recorded++;
      recorder.part.record(record);
    },
    gap: (gap) => recorder.part.gap(gap),
    bars: () => undefined,
    forget: (symbol) => recorder.part.forget(symbol),
  };
  const market = collectMarket({
    market: 'spot',
    exchange: { rest: `http://${exchange}`, stream: `ws://${exchange}` },
    collection: marketDefaults.collection,
    share: 1,
    apiKey: undefined,
    sinks,
    metrics: createCollectorMetrics(new Registry(), 'spot'),
    log,
  });
  market.setPairs(symbols.map(pairOf), new Map());
  while (market.report().symbols.some(({ state }) => state !== 'live')) await delay(20);
  await writeAll(recorder.part);
  return {
    get recorded() {
      return recorded;
    },
    get waiting() {
      return recorder.part.stats().bufferedRows;
    },
    flush: () => writeAll(recorder.part),
    close: async () => {
      await market.stop();
      await recorder.stop();
    },
  };
}

/** The recorder with the settings that an environment has by itself. */
export async function openOwnRecorder(relational: Relational, directory: string) {
  return await createRecorder({
    relational,
    dir: join(directory, 'spill'),
    ...marketDefaults.storage,
    // The made-up messages have a day of their own.
    retentionDays: 10_000,
    log: createLogger('silent', 'machines', false),
    metrics: new Registry(),
  });
}

/**
 * How many records may wait in memory, by these settings, before some go to disk: a bench that gives records faster than any
 * disk takes them stays below.
 */
export const waitingMax = marketDefaults.storage.bufferSize / 2;

/** Resolves when all that was recorded is committed: what `flush` may leave on disk as well. */
export async function writeAll(recorder: Recorder): Promise<void> {
  await recorder.flush();
  while (recorder.stats().spillBatches > 0) await delay(5);
}

function pairOf(symbol: string): Pair {
  return {
    symbol,
    base: symbol.replace(/USDT$/, ''),
    quote: 'USDT',
    market: 'spot',
    exchange: 'binance',
    category: 'top10',
    owner: 'bench',
    status: 'active',
    priority: 5,
    tickSize: '0.01',
    stepSize: '0.01',
  };
}
