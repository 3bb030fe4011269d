import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openEmbeddedTimeseries } from '../../stores/embedded/chdb.ts';
import { migrateTimeseries } from '../../stores/migrate.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import type { Bar, BarBook, BarTrades } from './bar.ts';

// A real ClickHouse with the market's tables and hand-built bars, for the tests of all that writes or reads them.

export interface BarStore extends AsyncDisposable {
  readonly timeseries: Timeseries;
}

/** ClickHouse in this process with the market's tables, in a folder of its own that goes with it. */
export async function openBarStore(): Promise<BarStore> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'defimon-bars-'));
  const { part: timeseries, stop } = await openEmbeddedTimeseries({ dataDir });
  await migrateTimeseries(timeseries, 'market', path.join(import.meta.dirname, 'timeseries'));
  return {
    timeseries,
    [Symbol.asyncDispose]: async () => {
      await stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Midnight of 20 November 2026, UTC. */
export const midnightMs = Date.UTC(2026, 10, 20);

/** The second that is so many after midnight; whole, with a live book, nothing traded. */
export function buildBar(symbol: string, second: number, parts: Partial<Bar> = {}): Bar {
  const timeMs = midnightMs + second * 1000;
  return {
    symbol,
    timeMs,
    traded: null,
    isTradesWhole: true,
    book: buildBook(),
    isBookWhole: true,
    revision: 1,
    ...parts,
  };
}

/** Trades with ids from `firstId` on at these prices, each of size 2, bought by a taker. */
export function buildTrades(firstId: number, ...prices: number[]): BarTrades {
  const sum = prices.reduce((total, price) => total + price, 0);
  return {
    count: prices.length,
    firstId,
    lastId: firstId + prices.length - 1,
    open: String(prices[0]),
    high: String(Math.max(...prices)),
    low: String(Math.min(...prices)),
    close: String(prices.at(-1)),
    volume: String(2 * prices.length),
    quoteVolume: String(2 * sum),
    takerBuyVolume: String(2 * prices.length),
    takerBuyQuoteVolume: String(2 * sum),
  };
}

export function buildBook(parts: Partial<BarBook> = {}): BarBook {
  const depths = [1, 2, 3, 4, 5].map((size) => ({
    bid: String(size * 3),
    ask: String(size),
    bidQuote: String(size * 300),
    askQuote: String(size * 100),
  }));
  return { bid: '99.99', bidSize: '3', ask: '100.01', askSize: '1', depths, ...parts };
}
