import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Block } from './block.ts';
import type { ChainEvent } from './changes.ts';
import { markRelayed, readPending } from './changes.ts';
import { buildChain, type ChainStores, openChainStores, openChainWriter } from './read-fixtures.ts';
import { rebuildWindow } from './rebuild.ts';
import { writeChainEvents } from './timeseries.ts';
import { markTouched } from './touched-minutes.ts';
import { modelOf } from './window-model.ts';
import { findStaleWindows, planWindows } from './window-plan.ts';
import { type WindowSize, windowSizes } from './window-size.ts';
import { type ChainWindow, readWindows, recomputeWindows } from './windows.ts';

const start = 1_699_999_980;
let stores: ChainStores;
let networks = 0;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe(rebuildWindow, () => {
  test.each<[string, (network: string) => Promise<void>]>([
    ['nothing is wrong', async () => {}],
    [
      'rows are missing',
      async (network) => {
        for (const table of tables) await remove(table, `network = '${network}' AND number BETWEEN 70 AND 130`);
      },
    ],
    [
      'all is missing',
      async (network) => {
        for (const table of [...tables, 'chain_windows', 'chain_touched'])
          await remove(table, `network = '${network}'`);
      },
    ],
    [
      'rows are wrong, under changes that never were',
      async (network) => {
        await falsify('chain_txs', `sender = '0xbad', gas_used = 7, seq = seq + 100000`, `network = '${network}'`);
        await falsify('chain_blocks', `gas_used = 7, seq = seq + 100000`, `network = '${network}'`);
      },
    ],
    [
      'a block has more transactions and logs than it should, and stands in another minute',
      async (network) => {
        const { timeseries } = stores;
        const seq = 100_000;
        const place = { network, number: 90, timestamp: start + 400, seq, deleted: 0 };
        const tx = { hash: '0x', type: 0, sender: '0xbad', value: 1, gas_used: 1 };
        await timeseries.insert('chain_txs', [{ ...place, ...tx, tx_index: 5 }]);
        await timeseries.insert('chain_logs', [{ ...place, log_index: 9, tx_index: 5, address: '0x', data: '0x' }]);
        const block = { hash: '0x', gas_limit: 1, gas_used: 1, tx_count: 6, log_count: 1 };
        await timeseries.insert('chain_blocks', [{ ...place, ...block }]);
        const plan = await planWindows(timeseries, network, 'minute', []);
        const starts = [start + 60, start + 360];
        await recomputeWindows(timeseries, { ...plan, starts, version: seq });
      },
    ],
    [
      'there are blocks that the chain does not have, and windows of none',
      async (network) => {
        const { timeseries } = stores;
        const chain = buildChain(undefined, 1, () => ({
          number: 5000,
          timestamp: start + 100,
          txs: [{ logCount: 2 }],
        }));
        const events = chain.map((block): ChainEvent => appendedOf(network, 900, block));
        await writeChainEvents(timeseries, events);
        await markTouched(timeseries, events);
        await computeStale(network);
        await falsify('chain_windows', `start = start + 600`, `network = '${network}' AND size = 'minute'`);
      },
    ],
    [
      'finality is wrong',
      async (network) => {
        const row = { network, observed_at_ms: 5, seq: 50_000, deleted: 0 };
        const rows = [3, 90, 199].map((number) => ({ ...row, number }));
        await stores.timeseries.insert('chain_finality', rows);
      },
    ],
  ])(
    'ends in what the chain says when %s',
    async (what, damage) => {
      const network = `rebuild_${networks++}`;
      const log: ChainEvent[] = [];
      const { commit } = await openChainWriter(stores, network);
      const chain = buildChain(undefined, 200, (number) => ({
        timestamp: start + number,
        txs: [{ logCount: number % 3, gasUsed: `${number}` }],
      }));
      await commit({ append: chain });
      const seen = (fromNumber: number) => ({ fromNumber, observedAtMs: (start + 300) * 1000 });
      await commit({ finalizedNumber: 80 });
      await commit({ finalizedNumber: 150, finalitySeen: seen(81) });
      await carry(network, log);
      const before = await readState(network);
      await damage(network);
      if (what !== 'nothing is wrong') expect(await readState(network)).not.toEqual(before);
      await rebuildWindow(stores, { network, from: start - 1000, to: start + 1000 }, { blocksPerStep: 64 });
      await carry(network, log);
      const after = await readState(network);
      expect(after).toEqual(before);
      expect(after.rows).toEqual(rowsOf(chain));
      const model = modelOf(log);
      for (const [at, seconds] of [60, 3600, 86_400].entries()) {
        const expected = [...model.windows(seconds).values()].filter(({ blocks }) => blocks > 0);
        expect(after.windows[at]).toEqual(expected.sort((a, b) => a.start - b.start).map(factOf));
      }
    },
    120_000,
  );

  test('tells only the blocks of the window, in steps, and says how far it is', async () => {
    const network = `rebuild_${networks++}`;
    const { commit } = await openChainWriter(stores, network);
    await commit({ append: buildChain(undefined, 50, (number) => ({ timestamp: start + number })) });
    await carry(network, []);
    const steps: number[] = [];
    const onStep = ({ appended }: { appended: number }): void => void steps.push(appended);
    const window = { network, from: start + 10, to: start + 35 };
    const rebuilt = await rebuildWindow(stores, window, { blocksPerStep: 10, onStep });
    expect(rebuilt).toEqual({ appended: 25, retracted: 0, finalized: 0, lastSeq: 75, toldFrom: start + 10 });
    expect(steps).toEqual([10, 20, 25]);
    const pending = await readPending(stores.relational, network, 100, 1000);
    expect(pending?.events.map((event) => event.kind === 'appended' && event.number)).toEqual(
      Array.from({ length: 25 }, (_, at) => at + 10),
    );
  });

  test('leaves what was dropped for its age as it is, and says from when on it told', async () => {
    const network = `rebuild_${networks++}`;
    const { commit } = await openChainWriter(stores, network);
    const txs = [{ logCount: 1 }];
    await commit({ append: buildChain(undefined, 60, (number) => ({ timestamp: start + 10 * number, txs })) });
    const log: ChainEvent[] = [];
    await carry(network, log);
    const before = await readState(network);
    // Of the minute that begins at 120, one block is held still, and of the first minute no row is here either.
    await drop(network, 16);
    for (const table of tables) await remove(table, `network = '${network}' AND number < 6`);
    const part = await rebuildWindow(stores, { network, from: start, to: start + 1000 });
    expect(part).toMatchObject({ appended: 43, retracted: 0, toldFrom: start + 170 });
    await carry(network, log);
    const after = await readState(network);
    expect(after.windows[0]).toEqual(before.windows[0]);
    const kept = await rebuildWindow(stores, { network, from: start, to: start + 1000 }, { keptFrom: start + 500 });
    expect(kept).toMatchObject({ appended: 10, toldFrom: start + 500 });
    await expect(rebuildWindow(stores, { network, from: start, to: start + 170 })).rejects.toThrow(
      /from before 2023-11-14T22:15:50.000Z were dropped for their age/,
    );
  });

  test('retracts nothing that is dropped for its age while it runs', async () => {
    const network = `rebuild_${networks++}`;
    const { commit } = await openChainWriter(stores, network);
    await commit({ append: buildChain(undefined, 40, (number) => ({ timestamp: start + 10 * number })) });
    const log: ChainEvent[] = [];
    await carry(network, log);
    const before = await readState(network);
    const onStep = ({ appended }: { appended: number }) => (appended === 10 ? drop(network, 24) : undefined);
    const window = { network, from: start, to: start + 1000 };
    const rebuilt = await rebuildWindow(stores, window, { blocksPerStep: 10, onStep });
    expect(rebuilt).toMatchObject({ appended: 25, retracted: 0 });
    await carry(network, log);
    expect((await readState(network)).rows).toEqual(before.rows);
  });

  test('says what is wrong with a network that is not held, and with a window that has no block', async () => {
    const network = `rebuild_${networks++}`;
    const { commit } = await openChainWriter(stores, network);
    await commit({ append: buildChain(undefined, 3, (number) => ({ timestamp: start + number })) });
    const nobody = rebuildWindow(stores, { network: 'nobody', from: 0, to: start });
    await expect(nobody).rejects.toThrow(/nothing is held of a network "nobody"; networks that are held: .*rebuild_/);
    const empty = rebuildWindow(stores, { network, from: start + 100, to: start + 200 });
    await expect(empty).rejects.toThrow(`no block of ${network} from 2023-11-14T22:14:40.000Z`);
  });
});

const tables = ['chain_blocks', 'chain_txs', 'chain_logs', 'chain_finality'];

/** What relay and stream processor do together; `log` gets what was told. */
async function carry(network: string, log: ChainEvent[]): Promise<void> {
  const { relational, timeseries } = stores;
  for (;;) {
    const pending = await readPending(relational, network, 100, 20_000);
    if (pending === undefined) break;
    log.push(...pending.events);
    await writeChainEvents(timeseries, pending.events);
    await markTouched(timeseries, pending.events);
    await markRelayed(relational, network, pending.lastSeq);
  }
  await computeStale(network);
}

async function computeStale(network: string): Promise<void> {
  const { timeseries } = stores;
  for (const size of windowSizes) {
    const starts = await findStaleWindows(timeseries, network, size, 100);
    if (starts.length > 0) await recomputeWindows(timeseries, await planWindows(timeseries, network, size, starts));
  }
}

async function remove(table: string, where: string): Promise<void> {
  await stores.timeseries.command(`DELETE FROM ${table} WHERE ${where}`);
}

/** What is dropped for its age of PostgreSQL, as chain-sync does it. */
async function drop(network: string, to: number): Promise<void> {
  const { relational } = stores;
  for (const table of ['blocks', 'txs', 'logs'])
    await relational.query(
      `DELETE FROM chain.${table} WHERE network = $1 AND ${table === 'blocks' ? 'number' : 'block_number'} <= $2`,
      [network, to],
    );
  await relational.query(
    `UPDATE chain.cursors SET dropped_to = $2, synced = synced - int8multirange(int8range(NULL, $2, '[]')) WHERE network = $1`,
    [network, to],
  );
}

/** Adds the rows of a table with other values; those with a new key come beside what was there. */
async function falsify(table: string, changes: string, where: string): Promise<void> {
  const replaced = [...changes.matchAll(/(\w+) = ([^,]+)/g)].map(([, column, value]) => `${value} AS ${column}`);
  await stores.timeseries.command(
    `INSERT INTO ${table} SELECT * REPLACE (${replaced.join(', ')}) FROM ${table} FINAL WHERE ${where}`,
  );
}

function appendedOf(network: string, seq: number, block: Block): ChainEvent {
  const { number, hash, timestamp, gasLimit, gasUsed, baseFeePerGas, logs } = block;
  const txs = block.txs.map(({ from: sender, to: recipient, ...tx }) => ({ ...tx, sender, recipient }));
  return { kind: 'appended', network, seq, number, hash, timestamp, gasLimit, gasUsed, baseFeePerGas, txs, logs };
}

interface State {
  readonly rows: object;
  /** Minutes, hours and days that have blocks. */
  readonly windows: readonly (readonly object[])[];
}

async function readState(network: string): Promise<State> {
  const read = (size: WindowSize): Promise<ChainWindow[]> =>
    readWindows(stores.timeseries, { network, size, from: 0, to: 2 ** 32 - 1 });
  const windows = [await read('minute'), await read('hour'), await read('day')];
  const told = windows.map((some) => some.filter(({ blocks }) => blocks > 0).map(factOf));
  return { rows: await readRows(network), windows: told };
}

/** Without what tells how it came to be: a rebuild tells its blocks late, and block time has gone on to what it retracts. */
function factOf(window: Omit<ChainWindow, 'version'> & { readonly version?: string }): object {
  const { late: _late, closed: _closed, version: _version, ...facts } = window;
  return facts;
}

async function readRows(network: string): Promise<object> {
  const read = (columns: string, table: string): Promise<object[]> =>
    stores.timeseries.query(`SELECT ${columns} FROM ${table} FINAL WHERE network = {network:String} ORDER BY ALL`, {
      network,
    });
  return {
    blocks: await read('number, hash, toUnixTimestamp(timestamp) AS at, gas_used', 'chain_blocks'),
    txs: await read('number, tx_index, hash, gas_used', 'chain_txs'),
    logs: await read('number, log_index, tx_index', 'chain_logs'),
    finality: await read('number, observed_at_ms', 'chain_finality'),
  };
}

function rowsOf(chain: readonly Block[]): object {
  return {
    blocks: chain.map(({ number, hash, timestamp, gasUsed }) => ({
      ...{ number: `${number}`, hash, at: timestamp, gas_used: gasUsed },
    })),
    txs: chain.flatMap(({ number, txs }) =>
      txs.map(({ index, hash, gasUsed }) => ({ number: `${number}`, tx_index: index, hash, gas_used: gasUsed })),
    ),
    logs: chain.flatMap(({ number, logs }) =>
      logs.map(({ index, txIndex }) => ({ number: `${number}`, log_index: index, tx_index: txIndex })),
    ),
    finality: Array.from({ length: 70 }, (_, at) => ({
      number: `${at + 81}`,
      observed_at_ms: `${(start + 300) * 1000}`,
    })),
  };
}
