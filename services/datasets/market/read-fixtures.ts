import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { createChildren } from '../../runtime/children.ts';
import { openEmbeddedPostgres } from '../../stores/embedded/postgres.ts';
import { migrateRelational } from '../../stores/migrate.ts';
import type { Relational } from '../../stores/relational.ts';
import { layCluster } from '../../stores/testing/laid-cluster.ts';
import type { Gap, MarketRecord } from './record.ts';
import { createBatchBuilder, type RecordBatch } from './write-batch.ts';

// A real PostgreSQL with the market's tables and hand-built records, for the tests of all that writes or reads them.

export interface MarketStore extends AsyncDisposable {
  readonly relational: Relational;
}

/** An embedded PostgreSQL with the market's tables, in a folder of its own that goes with it. */
export async function openMarketStore(): Promise<MarketStore> {
  const log = pino({ level: 'silent' });
  const dataDir = mkdtempSync(path.join(tmpdir(), 'defimon-market-'));
  const children = createChildren({ log });
  await layCluster(path.join(dataDir, 'relational'));
  const { part: relational, stop } = await openEmbeddedPostgres({ dataDir, children, log });
  await migrateMarket(relational);
  return {
    relational,
    [Symbol.asyncDispose]: async () => {
      await stop();
      await children.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Makes the market's tables where they are missing. */
export async function migrateMarket(relational: Relational): Promise<void> {
  await migrateRelational(relational, 'market', path.join(import.meta.dirname, 'relational'));
}

/** Noon of 21 November 2026, UTC. */
export const noonMs = Date.UTC(2026, 10, 21, 12);

export const emptyRecord: Omit<MarketRecord, 'symbol' | 'kind' | 'updateId' | 'eventTimeMs' | 'receivedAtMs'> = {
  firstUpdateId: null,
  previousUpdateId: null,
  bid: null,
  bidSize: null,
  ask: null,
  askSize: null,
  price: null,
  size: null,
  buyerIsMaker: null,
  bids: null,
  asks: null,
  bidFloor: null,
  askCeiling: null,
};

/** A depth update of BTCUSDT with one id; a millisecond after noon for each id, unless said otherwise. */
export function buildDepth(updateId: number, parts: Partial<MarketRecord> = {}): MarketRecord {
  const eventTimeMs = parts.eventTimeMs ?? noonMs + updateId;
  return {
    ...emptyRecord,
    symbol: 'BTCUSDT',
    kind: 'depth',
    updateId,
    firstUpdateId: updateId,
    eventTimeMs,
    receivedAtMs: eventTimeMs + 20,
    bid: '27123.45000000',
    bidSize: '0.10000000',
    ask: '27123.46000000',
    askSize: '12.00000000',
    bids: '[["27123.45000000","0.10000000"]]',
    asks: '[]',
    ...parts,
  };
}

export function buildTicker(updateId: number, parts: Partial<MarketRecord> = {}): MarketRecord {
  return buildDepth(updateId, { kind: 'ticker', firstUpdateId: null, bids: null, asks: null, ...parts });
}

export function buildTrade(updateId: number, parts: Partial<MarketRecord> = {}): MarketRecord {
  return {
    ...buildTicker(updateId),
    kind: 'trade',
    ...{ bid: null, bidSize: null, ask: null, askSize: null },
    ...{ price: '27123.46000000', size: '0.00100000', buyerIsMaker: false },
    ...parts,
  };
}

export function buildSnapshot(updateId: number, parts: Partial<MarketRecord> = {}): MarketRecord {
  return buildDepth(updateId, {
    kind: 'snapshot',
    firstUpdateId: null,
    bidFloor: '27123.45000000',
    askCeiling: '27123.46000000',
    bids: '[["27123.45000000","0.10000000"]]',
    asks: '[["27123.46000000","12.00000000"]]',
    ...parts,
  });
}

export function buildGap(parts: Partial<Gap> = {}): Gap {
  return {
    symbol: 'BTCUSDT',
    stream: 'book',
    reason: 'sequence',
    fromUpdateId: 10,
    toUpdateId: null,
    openedAtMs: noonMs,
    closedAtMs: null,
    detail: 'update 12 does not follow update 10',
    ...parts,
  };
}

export function batchOf(records: readonly MarketRecord[], gaps: readonly Gap[] = []): RecordBatch {
  const builder = createBatchBuilder();
  for (const record of records) builder.add(record);
  for (const gap of gaps) builder.addGap(gap);
  return builder.take();
}
