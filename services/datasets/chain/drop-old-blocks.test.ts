import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Block } from './block.ts';
import { createChainStoreModel } from './chain-store-model.ts';
import { markRelayed, readPending } from './changes.ts';
import { dropOldBlocks } from './drop-old-blocks.ts';
import { readFinality } from './finality.ts';
import { buildChain, type ChainStores, openChainStores, relayChain } from './read-fixtures.ts';
import { readReorgs } from './reorgs.ts';
import { commitStep, createChainStore, forgetNetwork, type Step } from './write.ts';
import { type Cursor, loadCursor, StaleCursor } from './write-cursor.ts';

const startTime = 1_700_000_000;
const all = { olderThan: startTime + 1_000_000, upTo: 1_000_000, rowsMax: 1_000_000 };

let stores: ChainStores;
let networks = 0;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe(dropOldBlocks, () => {
  test('holds what its model holds after any history, the final block and what the relay must read among it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 3, maxLength: 14 }), async (actions) => {
        const network = nextNetwork();
        const [store, model] = [createChainStore(stores.relational, network), createChainStoreModel()];
        let cursor = await store.loadCursor();
        for (const each of actions) {
          if (each.kind === 'relay') {
            const seq = Math.floor(each.share * cursor.seq);
            model.relayed(seq);
            await markRelayed(stores.relational, network, seq);
          } else if (each.kind === 'drop') {
            const before = cursor;
            const finals = await finalNumbers(network);
            const expected = await model.dropOld(await model.loadCursor(), each.request);
            const dropped = await store.dropOld(cursor, each.request);
            expect(dropped).toEqual(expected);
            cursor = dropped.cursor;
            expect(cursor.seq).toBe(before.seq);
            const droppedTo = dropped.blocks === 0 ? -1 : (cursor.droppedTo ?? -1);
            expect(await finalNumbers(network)).toEqual(finals.filter((number) => number > droppedTo));
            expect((await orphanNumbers(network)).filter((number) => number <= droppedTo)).toEqual([]);
          } else {
            const step = stepOf(each);
            const expected = await outcomeOf(model.commitStep(await model.loadCursor(), step));
            const outcome = await outcomeOf(store.commitStep(cursor, step));
            expect(outcome).toEqual(expected);
            if (outcome !== 'stale') cursor = outcome;
          }
          expect(await store.loadCursor()).toEqual(cursor);
          expect(cursor.synced[0]?.from ?? Number.POSITIVE_INFINITY).toBeGreaterThan(cursor.droppedTo ?? -1);
        }
        expect(await rowsOf(network)).toEqual(model.blocks().map(rowOf));
        const pending = await readPending(stores.relational, network, 1000, 100_000);
        const gone = new Set(model.changes.filter(({ kind }) => kind === 'retracted').map(({ hash }) => hash));
        const told = pending?.events.flatMap((each) => (each.kind === 'appended' ? [each.hash] : [])) ?? [];
        const relayedSeq = cursor.seq - (await unrelayedCount(network));
        expect(told).toEqual(
          expect.arrayContaining(
            model.changes.flatMap(({ kind, seq, hash }) =>
              kind === 'appended' && seq > relayedSeq && hash !== null && !gone.has(hash) ? [hash] : [],
            ),
          ),
        );
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  test('drops what is too old and final, step by step, with all that belongs to it', async () => {
    const { network, chain, held } = await openNetwork(20);
    let cursor = await held({ finalizedNumber: 15, finalitySeen: { fromNumber: 5, observedAtMs: 1 } });
    await relayChain(stores, network);
    const request = { olderThan: startTime + 10, upTo: 1000, rowsMax: 4 * 6 };
    const told: number[] = [];
    for (let more = true; more; ) {
      const dropped = await dropOldBlocks(stores.relational, network, cursor, request);
      told.push(dropped.blocks);
      ({ cursor, more } = dropped);
    }
    expect(told).toEqual([4, 4, 2]);
    expect(cursor).toMatchObject({ synced: [{ from: 10, to: 19 }], droppedTo: 9, finalizedNumber: 15 });
    expect(await rowsOf(network)).toEqual(chain.slice(10).map(rowOf));
    expect(await readFinality(stores.relational, network, { from: 0, to: 99 })).toEqual([
      { from: 10, number: 15, observedAtMs: 1 },
    ]);
    const [changes] = await stores.relational.query('SELECT FROM chain.changes WHERE network = $1', [network]);
    expect(changes).toBeUndefined();
  });

  test('keeps the last final block and all above it of a chain that stands still, however old they are', async () => {
    const { network, chain, held } = await openNetwork(20);
    const before = await held({ finalizedNumber: 15 });
    await relayChain(stores, network);
    const { cursor } = await dropOldBlocks(stores.relational, network, before, all);
    expect(cursor.synced).toEqual([{ from: 15, to: 19 }]);
    expect(await rowsOf(network)).toEqual(chain.slice(15).map(rowOf));
    expect(await dropOldBlocks(stores.relational, network, cursor, all)).toMatchObject({ blocks: 0, more: false });
  });

  test('drops nothing of a chain of which nothing is final, or nothing is held', async () => {
    const { network, held } = await openNetwork(5);
    const cursor = await held({});
    await relayChain(stores, network);
    expect(await dropOldBlocks(stores.relational, network, cursor, all)).toMatchObject({ blocks: 0 });
    const other = nextNetwork();
    const empty = await loadCursor(stores.relational, other);
    expect(await dropOldBlocks(stores.relational, other, empty, all)).toMatchObject({ blocks: 0, more: false });
  });

  test('waits for the relay, and for one that tells old blocks again', async () => {
    const { network, held } = await openNetwork(20);
    let cursor = await held({ finalizedNumber: 15 });
    const drop = async () => {
      const dropped = await dropOldBlocks(stores.relational, network, cursor, all);
      cursor = dropped.cursor;
      return dropped.blocks;
    };
    expect(await drop()).toBe(0);
    await markRelayed(stores.relational, network, 8);
    expect(await drop()).toBe(8);
    await relayChain(stores, network);
    // As a rebuild does, of one block.
    await stores.relational.query(
      `WITH told AS (UPDATE chain.cursors SET seq = seq + 1 WHERE network = $1 RETURNING seq)
       INSERT INTO chain.changes (network, seq, retract, number, hash, tx_count, log_count, timestamp)
       SELECT b.network, told.seq, false, number, hash, tx_count, log_count, timestamp
         FROM chain.blocks b, told WHERE b.network = $1 AND number = 11`,
      [network],
    );
    await expect(drop()).rejects.toThrow(StaleCursor);
    cursor = await loadCursor(stores.relational, network);
    expect(await drop()).toBe(3);
    await relayChain(stores, network);
    expect(await drop()).toBe(4);
  });

  test('forgets the orphans of the heights that go, and keeps those above', async () => {
    const { network, chain, held } = await openNetwork(10);
    const cursor = await held({});
    const replaced = await commitStep(stores.relational, network, cursor, {
      retract: { from: 3, to: 9 },
      append: buildChain(chain[2], 10, (number) => ({ salt: 'b', timestamp: startTime + number })),
      finalizedNumber: 8,
    });
    await relayChain(stores, network);
    await dropOldBlocks(stores.relational, network, replaced, { ...all, olderThan: startTime + 6 });
    expect(await orphanNumbers(network)).toEqual([6, 7, 8, 9]);
    expect(await readReorgs(stores.relational, network, { limit: 5 })).toHaveLength(1);
  });

  test('makes a writer that did not hear of it read anew, as a drop does that did not hear of a commit', async () => {
    const { network, chain, held } = await openNetwork(20, 10);
    const cursor = await held({ finalizedNumber: 15 });
    await relayChain(stores, network);
    const { cursor: after } = await dropOldBlocks(stores.relational, network, cursor, all);
    // A rival would otherwise fill below what it believes held, and leave a hole.
    await expect(commitStep(stores.relational, network, cursor, { append: chain.slice(5, 10) })).rejects.toThrow(
      StaleCursor,
    );
    await expect(commitStep(stores.relational, network, after, { append: chain.slice(5, 10) })).rejects.toThrow(
      StaleCursor,
    );
    await expect(dropOldBlocks(stores.relational, network, cursor, all)).rejects.toThrow(StaleCursor);
  });

  test('lets one of several drops and commits at once through', async () => {
    const { network, chain, held } = await openNetwork(20);
    const cursor = await held({ finalizedNumber: 15 });
    await relayChain(stores, network);
    const outcomes = await Promise.allSettled([
      dropOldBlocks(stores.relational, network, cursor, all),
      commitStep(stores.relational, network, cursor, { append: buildChain(chain.at(-1), 1) }),
      dropOldBlocks(stores.relational, network, cursor, all),
    ]);
    const refused = outcomes.filter((each) => each.status === 'rejected' && each.reason instanceof StaleCursor);
    expect(refused).toHaveLength(2);
    const { synced, droppedTo } = await loadCursor(stores.relational, network);
    const numbers = (await rowsOf(network)).map(({ number }) => number);
    expect(synced).toEqual([{ from: numbers[0], to: numbers.at(-1) }]);
    expect((droppedTo ?? -1) + 1).toBe(numbers[0]);
  });

  test('takes blocks back that are wanted again, and forgets with the rest that any were dropped', async () => {
    const { network, chain, held } = await openNetwork(20);
    const before = await held({ finalizedNumber: 15 });
    await relayChain(stores, network);
    let { cursor } = await dropOldBlocks(stores.relational, network, before, all);
    cursor = await commitStep(stores.relational, network, cursor, { append: chain.slice(8, 15) });
    expect(cursor).toMatchObject({ droppedTo: 7, synced: [{ from: 8, to: 19 }] });
    expect(await rowsOf(network)).toEqual(chain.slice(8).map(rowOf));
    await forgetNetwork(stores.relational, network);
    expect(await loadCursor(stores.relational, network)).toMatchObject({ droppedTo: null, synced: [] });
  });
});

// Few heights and two branches, so that steps often meet; what is appended is mostly above or below what is held.
const commit = fc.record({
  kind: fc.constant('commit' as const),
  retract: fc.option(fc.record({ from: fc.integer({ min: 6, max: 14 }), length: fc.nat(4) }), {
    nil: undefined,
    freq: 2,
  }),
  append: fc.option(fc.record({ from: fc.nat(13), length: fc.nat(6), isFork: fc.boolean() }), {
    nil: undefined,
    freq: 6,
  }),
  final: fc.option(fc.nat(12), { nil: undefined, freq: 1 }),
});
const drop = fc.record({
  kind: fc.constant('drop' as const),
  request: fc.record({
    olderThan: fc.integer({ min: startTime, max: startTime + 16 }),
    upTo: fc.oneof(fc.nat(14), fc.constant(1000)),
    rowsMax: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constant(1000)),
  }),
});
const relay = fc.record({
  kind: fc.constant('relay' as const),
  share: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
});
const action = fc.oneof(
  { weight: 4, arbitrary: commit },
  { weight: 3, arbitrary: drop },
  { weight: 2, arbitrary: relay },
);

function stepOf({ retract, append, final }: typeof commit extends fc.Arbitrary<infer T> ? T : never): Step {
  const trunk = chainOf(15);
  const branch = append?.isFork === true ? [...trunk.slice(0, 9), ...buildChain(trunk[8], 6, withRows('b'))] : trunk;
  return {
    retract: retract === undefined ? undefined : { from: retract.from, to: retract.from + retract.length },
    append: append === undefined ? [] : branch.slice(append.from, append.from + append.length + 1),
    finalizedNumber: final,
    finalitySeen: final === undefined ? undefined : { fromNumber: 0, observedAtMs: 1_700_000_000_000 },
  };
}

/** Each block has two transactions with one and two logs: six rows. */
function withRows(salt: string) {
  return () => ({ salt, txs: [{ logCount: 1 }, { logCount: 2 }] });
}

function chainOf(length: number): Block[] {
  return buildChain(undefined, length, withRows('a'));
}

/** A network of `length` blocks of which those from `from` on are held once a first step is taken. */
async function openNetwork(length: number, from = 0) {
  const network = nextNetwork();
  const chain = chainOf(length);
  return {
    network,
    chain,
    held: async (step: Step): Promise<Cursor> =>
      commitStep(stores.relational, network, await loadCursor(stores.relational, network), {
        append: chain.slice(from),
        ...step,
      }),
  };
}

async function outcomeOf<T>(work: Promise<T>): Promise<T | 'stale'> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof StaleCursor) return 'stale';
    throw error;
  }
}

interface Row {
  readonly number: number;
  readonly hash: string;
  readonly txs: number;
  readonly logs: number;
}

function rowOf({ number, hash, txs, logs }: Block): Row {
  return { number, hash, txs: txs.length, logs: logs.length };
}

/** What is held, with transactions and logs counted in their own tables; also of blocks that have none. */
async function rowsOf(network: string): Promise<Row[]> {
  const rows = await stores.relational.query<{ number: string; hash: string | null; txs: number; logs: number }>(
    `SELECT number, max(hash) AS hash, sum(txs)::int4 AS txs, sum(logs)::int4 AS logs FROM (
       SELECT number, '0x' || encode(hash, 'hex') AS hash, 0 AS txs, 0 AS logs FROM chain.blocks WHERE network = $1
       UNION ALL SELECT block_number, NULL, 1, 0 FROM chain.txs WHERE network = $1
       UNION ALL SELECT block_number, NULL, 0, 1 FROM chain.logs WHERE network = $1) AS held
      GROUP BY number ORDER BY number`,
    [network],
  );
  return rows.map((row) => ({ number: Number(row.number), hash: row.hash ?? '', txs: row.txs, logs: row.logs }));
}

async function finalNumbers(network: string): Promise<number[]> {
  const finality = await readFinality(stores.relational, network, { from: 0, to: 99 });
  return finality.flatMap(({ from, number }) => Array.from({ length: number - from + 1 }, (_, at) => from + at));
}

async function orphanNumbers(network: string): Promise<number[]> {
  const rows = await stores.relational.query<{ number: string }>(
    'SELECT number FROM chain.orphans WHERE network = $1 ORDER BY number',
    [network],
  );
  return rows.map(({ number }) => Number(number));
}

async function unrelayedCount(network: string): Promise<number> {
  const rows = await stores.relational.query('SELECT FROM chain.changes WHERE network = $1', [network]);
  return rows.length;
}

function nextNetwork(): string {
  return `drop_${networks++}`;
}
