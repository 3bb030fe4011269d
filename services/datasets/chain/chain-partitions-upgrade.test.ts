import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { migrateTimeseries } from '../../stores/migrate.ts';
import { openDatasetStores } from '../../stores/testing/dataset-stores.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import { type ChainDraft, changesOf } from './span-fixtures.ts';
import { writeChainEvents } from './timeseries.ts';
import { markTouched } from './touched-minutes.ts';

const dir = join(import.meta.dirname, 'timeseries');
const before = mkdtempSync(join(tmpdir(), 'defimon-before-'));
afterAll(() => rmSync(before, { recursive: true, force: true }));

test('a store in partitions by network keeps every row, though each step is killed and an older process goes on', async () => {
  for (const file of readdirSync(dir).filter((name) => name < '007')) cpSync(join(dir, file), join(before, file));
  await using stores = await openDatasetStores('market');
  const { timeseries } = stores;
  await migrateTimeseries(timeseries, 'chain', before);
  const networks = ['one', 'two'];
  const events = networks.map((network) => changesOf(network, draft));
  const write = async (from: number, to: number): Promise<void> => {
    for (const some of events) {
      await writeChainEvents(timeseries, some.slice(from, to));
      await markTouched(timeseries, some.slice(from, to));
    }
  };
  await write(0, 10);
  // As it was taken back then: without a time.
  const taken = { network: 'one', number: 1, observed_at_ms: 0, seq: 999, deleted: 1 };
  await timeseries.insert('chain_finality', [{ ...taken, observed_at_ms: 5, seq: 998, deleted: 0 }, taken]);
  const windows = ['minute', 'hour', 'day'].map((size) => ({
    ...{ network: 'one', protocol: 'dex', size, start: 1_699_920_000, version: 3, definition: 'd', volumes: 1 },
  }));
  await timeseries.insert('chain_protocol_windows', windows);
  await timeseries.insert(
    'chain_protocol_volumes',
    windows.map(({ volumes: _, ...place }) => ({ ...place, address: '0x1' })),
  );

  // Once all is copied, and before names change, the other process has more.
  const killed = killedAfterEach(timeseries, async (sql) => {
    if (sql.startsWith('CREATE TABLE chain_touched_copied')) await write(10, 14);
  });
  let runs = 0;
  while (true) {
    runs++;
    const done = await migrateTimeseries(killed, 'chain', dir).catch((error: unknown) => {
      if (!(error instanceof Error && error.message.includes('killed here'))) throw error;
    });
    if (done !== undefined) break;
  }
  expect(runs).toBeGreaterThan(40);
  const tables = await timeseries.query<{ name: string; partition_key: string }>(
    `SELECT name, partition_key FROM system.tables WHERE database = currentDatabase() AND name LIKE 'chain%' ORDER BY name`,
  );
  expect(tables.map(({ name }) => name)).toEqual([
    ...['blocks', 'finality', 'logs', 'protocol_volumes', 'protocol_windows', 'touched', 'txs', 'windows'].map(
      (name) => `chain_${name}`,
    ),
  ]);
  expect(tables.filter(({ partition_key: key }) => /network/.test(key))).toEqual([]);
  const rows = await rowsOf(timeseries);
  await write(0, 14);
  expect(await rowsOf(timeseries)).toEqual(rows);
  expect(rows.chain_blocks).toHaveLength(2 * 11);
  expect(rows.chain_protocol_windows).toHaveLength(3);
  expect(rows.chain_protocol_volumes).toHaveLength(3);
  expect(await timeseries.query('SELECT number FROM chain_finality FINAL WHERE number = 1')).toEqual([]);
}, 240_000);

/** A process that is killed right after each statement, once: so each is made twice. */
function killedAfterEach(timeseries: Timeseries, after: (sql: string) => Promise<void>): Timeseries {
  const survived = new Set<string>();
  return {
    ...timeseries,
    command: async (sql, params) => {
      const isFirst = !survived.has(sql) && !/^CREATE TABLE IF NOT EXISTS/.test(sql);
      await timeseries.command(sql, params);
      if (!isFirst) return;
      survived.add(sql);
      await after(sql);
      throw new Error('killed here');
    },
  };
}

async function rowsOf(timeseries: Timeseries): Promise<Record<string, readonly object[]>> {
  const read = async (table: string, order: string): Promise<[string, object[]]> => [
    table,
    await timeseries.query(`SELECT * FROM ${table} FINAL ORDER BY network, ${order}`),
  ];
  return Object.fromEntries([
    await read('chain_blocks', 'number'),
    await read('chain_txs', 'number, tx_index'),
    await read('chain_logs', 'number, log_index'),
    ['chain_touched', await timeseries.query('SELECT network, start FROM chain_touched FINAL ORDER BY network, start')],
    await read('chain_protocol_windows', 'size'),
    await read('chain_protocol_volumes', 'size'),
  ]);
}

const day = 86_400;
const draft: ChainDraft = {
  ...{ startBlock: 5, hasStatuses: true, hasPrices: true, hasL1Fees: false, hasBaseFees: true },
  steps: [
    {
      retract: 0,
      append: [10, 9 * day, 9 * day, 9 * day, 9 * day].map(blockAfter),
      final: { count: 2, afterMs: 9_000 },
    },
    { retract: 1, append: [20 * day, 10, 10].map(blockAfter), final: null },
    { retract: 0, append: [10, 10, 10, 10, 10].map(blockAfter), final: null },
  ],
};

function blockAfter(after: number): ChainDraft['steps'][number]['append'][number] {
  const log = { address: '0x1', topic: '0x2' } as const;
  const tx = {
    ...{
      kind: { type: 2, sender: '0x3' },
      recipient: null,
      status: 1,
      gasUsed: '1',
      effectiveGasPrice: '2',
      l1Fee: null,
    },
    logs: [log],
  } as const;
  return {
    ...{ after, missing: 0, gasUsed: '21000', gasLimit: '30000000', baseFeePerGas: '7' },
    txs: [tx],
  } as unknown as ChainDraft['steps'][number]['append'][number];
}
