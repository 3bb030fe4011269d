import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadCatalog } from '../../../catalog/load.ts';
import type { openApiStores } from '../../bench/api/stores.ts';
import { type ChainEvent, markRelayed, readBacklog, readPending } from '../../datasets/chain/changes.ts';
import { parseChainEvent } from '../../datasets/chain/parse-event.ts';
import { recomputeProtocolWindows } from '../../datasets/chain/protocol-windows.ts';
import { writeChainEvents } from '../../datasets/chain/timeseries.ts';
import { markTouched } from '../../datasets/chain/touched-minutes.ts';
import { planWindows } from '../../datasets/chain/window-plan.ts';
import { recomputeWindows } from '../../datasets/chain/windows.ts';
import { createChainStore } from '../../datasets/chain/write.ts';
import { openEmbeddedTimeseries } from '../../stores/embedded/chdb.ts';
import { migrateTimeseries } from '../../stores/migrate.ts';
import type { Relational } from '../../stores/relational.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import { madeUpBlocks } from './made-up-blocks.ts';
import { measureLongWindows, measureSearches, mergeMs } from './measure-windows.ts';
import type { Meter } from './meter.ts';

export interface MeasureOptions {
  readonly stores: Awaited<ReturnType<typeof openApiStores>>;
  readonly meter: Meter;
  readonly folder: string;
  readonly tell: (line: string) => void;
}

/** The first is to warm up. Networks of the catalog that have protocols, so that these are computed too. */
const cases = [
  { network: 'arbitrum_one', commits: 15, blocks: 6, txs: 20 },
  { network: 'ethereum', commits: 40, blocks: 1, txs: 10 },
  { network: 'optimism', commits: 40, blocks: 6, txs: 10 },
  { network: 'base', commits: 40, blocks: 6, txs: 200 },
];
const root = join(import.meta.dirname, '..', '..', '..');

/** From a commit to its windows. What is inserted by the windows is computed in this process: their store is part of it. */
export async function measureChain({ stores, meter, folder, tell }: MeasureOptions): Promise<void> {
  const { protocols } = loadCatalog(join(root, 'catalog'));
  const { relational } = stores;
  const { part: embedded, stop } = await openEmbeddedTimeseries({ dataDir: join(folder, 'embedded') });
  await migrateTimeseries(embedded, 'chain', join(root, 'services', 'datasets', 'chain', 'timeseries'));
  for (const { network, commits, blocks: perCommit, txs } of cases) {
    const each = `${perCommit} blocks of ${txs} transactions`;
    const spend = async (what: string, work: () => Promise<unknown>): Promise<void> =>
      tell(await meter.spend(`${what}, ${each}`, commits, work));
    const secondsPerBlock = 12 / perCommit;
    const from = Math.floor(Date.now() / 3_600_000) * 3600 - commits * 12;
    const made = [...madeUpBlocks({ blocks: commits * perCommit, txsPerBlock: txs, secondsPerBlock, from, seed: txs })];
    const store = createChainStore(relational, network);
    let cursor = await store.loadCursor();
    const logBefore = await logBytes(relational);
    await spend('commit', async () => {
      for (let at = 0; at < made.length; at += perCommit)
        cursor = await store.commitStep(cursor, { append: made.slice(at, at + perCommit) });
    });
    const perTx = ((await logBytes(relational)) - logBefore) / (made.length * txs);
    tell(`${`write-ahead log of a transaction, ${each}`.padEnd(64)} bytes: ${perTx.toFixed(0)}`);
    const batches: string[][] = [];
    await spend('relay', async () => {
      for (;;) {
        const pending = await readPending(relational, network, perCommit, 20_000);
        if (pending === undefined) return;
        batches.push(pending.events.map((event) => JSON.stringify(event)));
        await markRelayed(relational, network, pending.lastSeq);
      }
    });
    const bytes = batches.flat().reduce((sum, text) => sum + text.length, 0);
    tell(`${`message of a block of ${txs} transactions`.padEnd(64)} bytes: ${(bytes / made.length).toFixed(0)}`);
    let events: ChainEvent[][] = [];
    await spend('parse', async () => {
      events = batches.map((texts) => texts.map((text) => parseChainEvent(JSON.parse(text))));
    });
    await spend('raw rows', async () => {
      for (const some of events) await writeChainEvents(stores.timeseries, some);
      await sleep(mergeMs);
    });
    for (const some of events) await writeChainEvents(embedded, some);
    await sleep(mergeMs);
    const touched: number[][] = [];
    await spend('marks of touched minutes, store here', async () => {
      for (const some of events) for (const { starts } of await markTouched(embedded, some)) touched.push([...starts]);
      await sleep(mergeMs);
    });
    await spend('minutes, store here', async () => {
      for (const starts of touched)
        await recomputeWindows(embedded, await planWindows(embedded, network, 'minute', starts));
      await sleep(mergeMs);
    });
    await spend('minutes of protocols, store here', async () => {
      for (const starts of touched)
        await recomputeProtocolWindows(embedded, protocols, await planWindows(embedded, network, 'minute', starts));
      await sleep(mergeMs);
    });
    await measureLongWindows({ timeseries: embedded, protocols, network, touched: touched.flat(), meter, tell });
  }
  await measureSearches(embedded, meter, tell);
  for (const table of ['blocks', 'txs', 'logs']) {
    const [found] = await relational.query<{ bytes: string; rows: string }>(
      `SELECT pg_total_relation_size('chain.${table}') AS bytes, count(*) AS rows FROM chain.${table}`,
    );
    tellBytes(tell, `PostgreSQL chain.${table}`, found);
  }
  await measureLooks(relational, meter, tell);
  await tellCompressed(embedded, tell, ['chain_blocks', 'chain_txs', 'chain_logs', 'chain_windows']);
  await stop();
}

async function logBytes(relational: Relational): Promise<number> {
  const [found] = await relational.query<{ bytes: string }>(
    `SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS bytes`,
  );
  return Number(found?.bytes);
}

/** What a relay asks whenever anything was committed, with one network in a hundred that has changes. */
async function measureLooks(relational: Relational, meter: Meter, tell: (line: string) => void): Promise<void> {
  for (const networks of [500, 5000]) {
    await relational.query('TRUNCATE chain.cursors');
    await relational.query(
      `INSERT INTO chain.cursors (network, synced, seq, relayed_seq)
         SELECT 'network-' || i, '{[0,1000000)}', 10, CASE WHEN i % 100 = 0 THEN 9 ELSE 10 END FROM generate_series(1, $1) i`,
      [networks],
    );
    const looks = 400;
    const look = async (): Promise<void> => {
      for (let at = 0; at < looks; at++) await readBacklog(relational);
    };
    tell(await meter.spend(`a relay looks, ${networks} networks`, looks, look));
  }
}

/** Bytes on disk of a row, all parts merged. */
export async function tellCompressed(
  timeseries: Timeseries,
  tell: (line: string) => void,
  tables: readonly string[],
): Promise<void> {
  for (const table of tables) {
    await timeseries.command(`OPTIMIZE TABLE ${table} FINAL`);
    const [found] = await timeseries.query<{ bytes: string; rows: string }>(
      'SELECT sum(bytes_on_disk) AS bytes, sum(rows) AS rows FROM system.parts WHERE active AND table = {table:String}',
      { table },
    );
    tellBytes(tell, `ClickHouse ${table}`, found);
  }
}

export function tellBytes(
  tell: (line: string) => void,
  what: string,
  found: { readonly bytes: string; readonly rows: string } | undefined,
): void {
  if (found !== undefined)
    tell(`${what.padEnd(64)} bytes a row: ${(Number(found.bytes) / Number(found.rows)).toFixed(0)}`);
}
