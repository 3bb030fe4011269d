import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Block, Log, Tx } from './block.ts';
import { createChainStoreModel, type ModelChange } from './chain-store-model.ts';
import { changesChannel } from './changes.ts';
import { readFinality } from './finality.ts';
import { buildBlock, buildChain, type ChainStores, openChainStores } from './read-fixtures.ts';
import { readReorgs } from './reorgs.ts';
import { commitStep, createChainStore, forgetNetwork, type Step } from './write.ts';
import { loadCursor, StaleCursor } from './write-cursor.ts';

let stores: ChainStores;
let networks = 0;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe(commitStep, () => {
  test('takes and refuses the same steps as its model, and holds the same blocks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stepParts, { maxLength: 12 }), async (steps) => {
        const network = nextNetwork();
        const [store, model] = [createChainStore(stores.relational, network), createChainStoreModel()];
        let cursor = await store.loadCursor();
        for (const parts of steps) {
          const step = stepOf(parts);
          const expected = await outcomeOf(model.commitStep(await model.loadCursor(), step));
          const outcome = await outcomeOf(store.commitStep(cursor, step));
          expect(outcome).toEqual(expected);
          if (outcome !== 'stale') cursor = outcome;
          expect(await store.loadCursor()).toEqual(cursor);
        }
        expect(await refsOf(network)).toEqual(model.blocks().map(({ number, hash }) => ({ number, hash })));
        expect(await changesOf(network)).toEqual(model.changes);
      }),
      { numRuns: 150 },
    );
  });

  test('writes nothing for a cursor that is not the last one', async () => {
    const network = nextNetwork();
    const [genesis, first, second] = buildChain(undefined, 3) as [Block, Block, Block];
    const old = await loadCursor(stores.relational, network);
    await commitStep(stores.relational, network, old, { append: [genesis, first] });
    await expect(commitStep(stores.relational, network, old, { append: [second] })).rejects.toThrow(StaleCursor);
    expect(await refsOf(network)).toHaveLength(2);
  });

  test('lets one of several writers at once through, and tells the others', async () => {
    const network = nextNetwork();
    const cursor = await loadCursor(stores.relational, network);
    const chains = [1, 2, 3, 4].map((salt) => buildChain(undefined, 3, () => ({ salt })));
    const outcomes = await Promise.allSettled(
      chains.map((append) => commitStep(stores.relational, network, cursor, { append })),
    );
    expect(outcomes.filter((each) => each.status === 'fulfilled')).toHaveLength(1);
    expect(outcomes.filter((each) => each.status === 'rejected' && each.reason instanceof StaleCursor)).toHaveLength(3);
    expect(await refsOf(network)).toHaveLength(3);
  });

  test('refuses blocks that are no chain in themselves', async () => {
    const network = nextNetwork();
    const [genesis, , second] = buildChain(undefined, 3) as [Block, Block, Block];
    const cursor = await loadCursor(stores.relational, network);
    await expect(commitStep(stores.relational, network, cursor, { append: [genesis, second] })).rejects.toThrow(
      /does not follow/,
    );
  });

  test('keeps every value exactly, and what jsonb cannot hold without it', async () => {
    const network = nextNetwork();
    const most = (2n ** 256n - 1n).toString();
    const tx: Partial<Tx> = {
      type: 0x7e,
      to: null,
      value: most,
      gasPrice: null,
      l1Fee: most,
      gasUsedForL1: '0',
      status: null,
      logCount: 1,
      extra: {
        sourceHash: '0xab',
        odd: 'tab\tline\nslash\\ \\u0000 nul\u0000 half\ud800 whole\u{1f600}',
        deep: [{ '\u0000key': 1 }],
      },
    };
    const block = {
      ...buildBlock({ number: 7, timestamp: 1, txs: [tx], baseFeePerGas: null }),
      gasLimit: most,
      extra: { l1BatchNumber: null, list: [1, 'x'] },
    };
    const log: Log = { index: 0, txIndex: 0, address: block.miner ?? '0x', topics: [], data: `0x${'ab'.repeat(5000)}` };
    await commitStep(stores.relational, network, await loadCursor(stores.relational, network), {
      append: [{ ...block, logs: [log] }],
    });
    const [row] = await stores.relational.query(
      `SELECT b.gas_limit AS block_gas_limit, b.base_fee_per_gas, b.extra AS block_extra, t.*, l.topic0, length(l.data) AS data_bytes
         FROM chain.blocks b JOIN chain.txs t ON (t.network, t.block_number) = (b.network, b.number)
         JOIN chain.logs l ON (l.network, l.block_number) = (b.network, b.number) WHERE b.network = $1`,
      [network],
    );
    expect(row).toMatchObject({
      block_gas_limit: most,
      base_fee_per_gas: null,
      block_extra: { l1BatchNumber: null, list: [1, 'x'] },
      type: 126,
      recipient: null,
      value: most,
      l1_fee: most,
      gas_used_for_l1: '0',
      status: null,
      topic0: null,
      data_bytes: 5000,
      extra: {
        sourceHash: '0xab',
        odd: 'tab\tline\nslash\\ \\u0000 nul half\ufffd whole\u{1f600}',
        deep: [{ key: 1 }],
      },
    });
  });

  test('keeps the headers of orphans, also of one that comes back and goes again', async () => {
    const network = nextNetwork();
    const [genesis, a] = buildChain(undefined, 2) as [Block, Block];
    const b = buildBlock({ number: 1, parent: genesis, timestamp: 5, salt: 'b' });
    let cursor = await loadCursor(stores.relational, network);
    for (const step of [{ append: [genesis, a] }, replaceBy(b), replaceBy(a), replaceBy(b)]) {
      cursor = await commitStep(stores.relational, network, cursor, step);
    }
    const orphans = await stores.relational.query<{ number: string; hash: Buffer }>(
      'SELECT number, hash FROM chain.orphans WHERE network = $1',
      [network],
    );
    expect(orphans.map(({ hash }) => `0x${hash.toString('hex')}`).sort()).toEqual([a.hash, b.hash].sort());
  });

  test('says since when blocks are final only of those that were held while somebody looked', async () => {
    const network = nextNetwork();
    const chain = buildChain(undefined, 30);
    const store = createChainStore(stores.relational, network);
    let cursor = await store.loadCursor();
    const commit = async (step: Step): Promise<void> => {
      cursor = await store.commitStep(cursor, step);
    };
    const finals = async () =>
      (await changesOf(network)).filter(({ kind }) => kind === 'finalized').map(({ from, number }) => [from, number]);
    await commit({ append: chain.slice(10, 20) });
    await commit({ finalizedNumber: 12 });
    await commit({ finalizedNumber: 14, finalitySeen: { fromNumber: 5, observedAtMs: 1000 } });
    await commit({ finalizedNumber: 14, finalitySeen: { fromNumber: 5, observedAtMs: 1500 } });
    await commit({
      append: chain.slice(25),
      finalizedNumber: 27,
      finalitySeen: { fromNumber: 14, observedAtMs: 2000 },
    });
    expect(await finals()).toEqual([
      [null, 12],
      [13, 14],
      [25, 27],
    ]);
    const all = { from: 0, to: 99 };
    expect(await readFinality(stores.relational, network, all)).toEqual([
      { from: 13, number: 14, observedAtMs: 1000 },
      { from: 25, number: 27, observedAtMs: 2000 },
    ]);
    await commit({ retract: { from: 26, to: 26 } });
    await commit({ retract: { from: 14, to: 14 } });
    expect(await readFinality(stores.relational, network, all)).toEqual([
      { from: 13, number: 13, observedAtMs: 1000 },
      { from: 25, number: 25, observedAtMs: 2000 },
      { from: 27, number: 27, observedAtMs: 2000 },
    ]);
    await forgetNetwork(stores.relational, network);
    expect(await readFinality(stores.relational, network, all)).toEqual([]);
  });

  test('notifies when it has committed, with the network', async () => {
    const network = nextNetwork();
    const told: string[] = [];
    const unlisten = await stores.relational.listen(changesChannel, (payload) => told.push(payload));
    const cursor = await loadCursor(stores.relational, network);
    const append = buildChain(undefined, 2);
    await commitStep(stores.relational, network, cursor, { append });
    await expect(commitStep(stores.relational, network, cursor, { append })).rejects.toThrow();
    await expect.poll(() => told).toEqual([network]);
    await unlisten();
  });
});

describe(createChainStore, () => {
  test('records the first genesis and no other', async () => {
    const store = createChainStore(stores.relational, nextNetwork());
    await store.loadCursor();
    await store.pinGenesis('0xaa');
    await store.pinGenesis('0xbb');
    expect((await store.loadCursor()).genesisHash).toBe('0xaa');
  });
});

describe(readReorgs, () => {
  test('tells which blocks left together, the newest reorganisation first, page by page', async () => {
    const network = nextNetwork();
    const chain = buildChain(undefined, 5);
    let cursor = await loadCursor(stores.relational, network);
    cursor = await commitStep(stores.relational, network, cursor, { append: chain });
    const later = buildChain(chain[2], 3, () => ({ salt: 1 }));
    cursor = await commitStep(stores.relational, network, cursor, { retract: { from: 3, to: 4 }, append: later });
    await commitStep(stores.relational, network, cursor, { retract: { from: 5, to: 5 } });

    const reorgs = await readReorgs(stores.relational, network, { limit: 10 });
    const numbersOf = (of: typeof reorgs) =>
      of.map(({ orphans }) => orphans.map(({ number, hash }) => ({ number, hash })));
    const left = (blocks: readonly Block[]) => blocks.map(({ number, hash }) => ({ number, hash }));
    expect(numbersOf(reorgs)).toEqual([left(later.slice(2)), left(chain.slice(3))]);
    expect(numbersOf(await readReorgs(stores.relational, network, { limit: 1 }))).toEqual([left(later.slice(2))]);
    const before = { limit: 10, beforeMs: reorgs[0]?.atMs };
    expect(numbersOf(await readReorgs(stores.relational, network, before))).toEqual([left(chain.slice(3))]);
    expect(await readReorgs(stores.relational, nextNetwork(), { limit: 10 })).toEqual([]);
  });
});

describe(forgetNetwork, () => {
  test('drops all as retractions, in several steps, and lets the sync start over', async () => {
    const network = nextNetwork();
    const store = createChainStore(stores.relational, network);
    const chain = buildChain(undefined, 25);
    let cursor = await store.commitStep(await store.loadCursor(), { append: chain.slice(0, 10) });
    cursor = await store.commitStep(cursor, { append: chain.slice(15), finalizedNumber: 20 });
    expect(await forgetNetwork(stores.relational, network, 4)).toBe(20);
    expect(await store.loadCursor()).toEqual({
      ...{ genesisHash: null, synced: [], finalizedNumber: null, droppedTo: null },
      seq: 41,
    });
    const retractions = (await changesOf(network))
      .filter(({ kind }) => kind === 'retracted')
      .map(({ number }) => number);
    expect(retractions).toEqual([...numbersDown(24, 15), ...numbersDown(9, 0)]);
  });

  test('drops nothing of a network that was never synced, and leaves no cursor of it', async () => {
    const network = nextNetwork();
    expect(await forgetNetwork(stores.relational, network)).toBe(0);
    expect(await stores.relational.query('SELECT FROM chain.cursors WHERE network = $1', [network])).toEqual([]);
  });
});

// A few heights and branches, so that steps often meet: each block's parent is of its own branch, or of branch 0 at a fork.
const stepParts = fc.record({
  retract: fc.option(fc.record({ from: fc.nat(9), length: fc.nat(4) }), { nil: undefined }),
  append: fc.option(fc.record({ from: fc.nat(9), length: fc.nat(4), branch: fc.nat(1), fork: fc.nat(10) }), {
    nil: undefined,
    freq: 8,
  }),
  final: fc.option(fc.record({ number: fc.nat(12), seen: fc.option(fc.nat(12), { nil: undefined }) }), {
    nil: undefined,
    freq: 2,
  }),
});
type StepParts = typeof stepParts extends fc.Arbitrary<infer T> ? T : never;

function stepOf({ retract, append, final }: StepParts): Step {
  return {
    finalizedNumber: final?.number,
    finalitySeen: final?.seen === undefined ? undefined : { fromNumber: final.seen, observedAtMs: 1_700_000_000_000 },
    retract: retract === undefined ? undefined : { from: retract.from, to: retract.from + retract.length },
    append:
      append === undefined
        ? []
        : branchBlocks(append.branch, append.fork).slice(append.from, append.from + append.length + 1),
  };
}

function branchBlocks(branch: number, fork: number): Block[] {
  const trunk = buildChain(undefined, 15);
  return branch === 0
    ? trunk
    : [...trunk.slice(0, fork), ...buildChain(trunk[fork - 1], 15 - fork, () => ({ salt: 'other' }))];
}

async function outcomeOf<T>(commit: Promise<T>): Promise<T | 'stale'> {
  try {
    return await commit;
  } catch (error) {
    if (error instanceof StaleCursor) return 'stale';
    throw error;
  }
}

function replaceBy(block: Block): Step {
  return { retract: { from: block.number, to: block.number }, append: [block] };
}

function nextNetwork(): string {
  return `write_${networks++}`;
}

async function refsOf(network: string): Promise<{ number: number; hash: string }[]> {
  const rows = await stores.relational.query<{ number: string; hash: Buffer }>(
    'SELECT number, hash FROM chain.blocks WHERE network = $1 ORDER BY number',
    [network],
  );
  return rows.map(({ number, hash }) => ({ number: Number(number), hash: `0x${hash.toString('hex')}` }));
}

async function changesOf(network: string): Promise<ModelChange[]> {
  const rows = await stores.relational.query<{
    seq: string;
    retract: boolean;
    number: string;
    hash: Buffer;
    final_from: string | null;
    final_at_ms: string | null;
  }>('SELECT * FROM chain.changes WHERE network = $1 ORDER BY seq', [network]);
  return rows.map((row) => {
    const place = { seq: Number(row.seq), number: Number(row.number) };
    if (row.final_at_ms !== null) {
      const from = row.final_from === null ? null : Number(row.final_from);
      return { ...place, kind: 'finalized', hash: null, from };
    }
    return { ...place, kind: row.retract ? 'retracted' : 'appended', hash: `0x${row.hash.toString('hex')}` };
  });
}

function numbersDown(from: number, to: number): number[] {
  return Array.from({ length: from - to + 1 }, (_, at) => from - at);
}
