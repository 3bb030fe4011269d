import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { loadCatalog } from '../../catalog/load.ts';
import type { Pair } from '../../catalog/schema/pair.ts';
import { batchOf } from '../datasets/market/read-fixtures.ts';
import type { Gap, MarketRecord } from '../datasets/market/record.ts';
import { writeRecords } from '../datasets/market/write.ts';
import type { LiveCatalog } from '../runtime/live-catalog.ts';
import { type DatasetStores, openDatasetStores } from '../stores/testing/dataset-stores.ts';
import type { MarketDeps } from './deps.ts';

// Real stores with the market's tables, and a catalog with pairs of our own, for the tests of the API.

export type MarketStores = DatasetStores;

/** Embedded stores with the market's tables, in a folder of their own that goes with them. */
export const openMarketStores = (): Promise<MarketStores> => openDatasetStores('market');

const real = loadCatalog(join(import.meta.dirname, '..', '..', 'catalog'));

/** Pairs that no other test writes to: `TESTnUSDT` on spot, `TESTnUSDT.P` on futures. */
export function testPair(symbol: string): Pair {
  const [template] = real.pairs;
  if (template === undefined) throw new Error('the catalog has no pairs');
  return { ...template, symbol, market: symbol.endsWith('.P') ? 'usdm' : 'spot', status: 'active' };
}

/** The catalog with these pairs besides its own. */
export function catalogWith(pairs: readonly Pair[]): LiveCatalog {
  const catalog = { ...real, pairs: [...real.pairs, ...pairs] };
  const current = { catalog, networks: catalog.networks, digest: 'sha256:test', since: new Date(0) };
  return { current: () => current, refused: () => [], subscribe: () => () => undefined };
}

export function depsOf(stores: MarketStores, symbols: readonly string[], parts: Partial<MarketDeps> = {}): MarketDeps {
  return {
    catalog: catalogWith(symbols.map(testPair)),
    relational: stores.relational,
    timeseries: stores.timeseries,
    environment: 'local',
    version: '1.2.3',
    health: async () => ({ relational: { ok: true } }),
    clock: Date.now,
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    ...parts,
  };
}

/** Writes as the collector does. */
export async function write(
  { relational }: Pick<MarketStores, 'relational'>,
  records: readonly MarketRecord[],
  gaps: readonly Gap[] = [],
): Promise<void> {
  await writeRecords(relational, batchOf(records, gaps));
}
