import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Block, BlockRef } from '../datasets/chain/block.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { syncNetwork } from './network-sync.ts';
import { createWorld, finalityDepth, type Other, refOf } from './network-sync-fixtures.ts';

describe(syncNetwork, () => {
  test('holds exactly the canonical chain after any reorgs, faults, kills and rival processes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 25 }), fc.integer(), scenario, async (actions, seed, options) => {
        const world = createWorld(seededRandom(seed), options);
        let sync = world.start();
        for (const each of actions) {
          if (each.kind === 'kill') {
            await sync.kill();
            sync = world.start();
          } else if (each.kind === 'rival') {
            // A second process of the same network for a while, as in a rolling update.
            const rival = world.start();
            await world.pause(10);
            await rival.kill();
          } else world.chain.change(each);
          await world.pause(each.afterMs);
        }
        world.calm();
        await world.settled();
        await sync.kill();
        // With a node that disagrees on the last block, either is right.
        const certain = (blocks: readonly Block[]): BlockRef[] =>
          blocks.map(refOf).slice(0, options.others.includes('forked') ? -1 : undefined);
        expect(certain(world.store.blocks())).toEqual(certain(world.chain.from(options.startBlock ?? 0)));
        expect(sync.crashes).toEqual([]);
      }),
      { numRuns: 150, endOnFailure: true },
    );
  }, 60_000);

  test('holds only recent blocks where history is limited, counted from the first head', async () => {
    const world = createWorld(seededRandom(1), { historyBlocks: 10, length: 100 });
    const sync = world.start();
    await world.until(() => world.store.blocks().length === 11);
    world.chain.change({ kind: 'append', count: 5 });
    await world.until(() => world.store.blocks().length === 16);
    await sync.kill();
    expect(world.store.blocks()[0]?.number).toBe(89);
  });

  test('fills the gap it left while it was away, and drops what was orphaned meanwhile', async () => {
    const world = createWorld(seededRandom(1), { length: 30, blocksPerCommitMax: 5 });
    let sync = world.start();
    await world.settled();
    await sync.kill();
    world.chain.change({ kind: 'reorg', depth: 4, count: 60 });
    sync = world.start();
    await world.settled();
    await sync.kill();
    expect(world.store.blocks().map(refOf)).toEqual(world.chain.from(0).map(refOf));
  });

  test('says since when blocks are final only while it looks: not of what became final before it came', async () => {
    const world = createWorld(seededRandom(1), { length: 60 });
    const finals = () => world.store.changes.filter(({ kind }) => kind === 'finalized');
    const last = () => finals().at(-1)?.number;
    const sync = world.start();
    await world.until(() => last() === 59 - finalityDepth);
    expect(finals().at(-1)?.from).toBeNull();
    world.chain.change({ kind: 'append', count: 3 });
    await world.until(() => last() === 62 - finalityDepth);
    expect(
      finals()
        .slice(1)
        .map(({ from }) => from),
    ).not.toContain(null);
    expect(finals()[1]?.from).toBe(60 - finalityDepth);
    await sync.kill();
    world.chain.change({ kind: 'append', count: 3 });
    const again = world.start();
    await world.until(() => last() === 65 - finalityDepth);
    expect(finals().at(-1)?.from).toBeNull();
    await again.kill();
  });

  test('refuses a chain that forks below a final block, and stores none of it', async () => {
    const world = createWorld(seededRandom(1), { length: 50 });
    const sync = world.start();
    await world.settled();
    const before = world.store.blocks().map(refOf);
    world.chain.change({ kind: 'reorg', depth: finalityDepth + 2, count: finalityDepth + 10, unlimited: true });
    await world.until(() => sync.failures.some((reason) => reason.includes('final')));
    await world.pause(20);
    await sync.kill();
    expect(world.store.blocks().map(refOf)).toEqual(before);
    expect(world.endpoints[0]?.report().state).toBe('refused');
  });

  test('refuses a chain that forks below a final block also when it was away and the head is far', async () => {
    const world = createWorld(seededRandom(1), { length: 50, blocksPerCommitMax: 5 });
    let sync = world.start();
    await world.settled();
    await sync.kill();
    const before = world.store.blocks().map(refOf);
    world.chain.change({ kind: 'reorg', depth: finalityDepth + 2, count: 100, unlimited: true });
    sync = world.start();
    await world.until(() => sync.failures.length > 3);
    await sync.kill();
    expect(world.store.blocks().map(refOf)).toEqual(before);
  });

  test('believes that a chain was cut back only after several polls, and never below a final block', async () => {
    const world = createWorld(seededRandom(1), { length: 50 });
    const sync = world.start();
    await world.settled();
    world.chain.change({ kind: 'cut', depth: 5 });
    await world.settled();
    expect(world.store.blocks().length).toBe(45);
    world.chain.change({ kind: 'cut', depth: 20, unlimited: true });
    await world.until(() => sync.failures.some((reason) => reason.includes('below the final block')));
    await sync.kill();
    expect(world.store.blocks().length).toBe(45);
  });

  test('follows the highest head although a node that is far behind answers too', async () => {
    const world = createWorld(seededRandom(1), { length: 60, others: ['behind'] });
    const sync = world.start();
    await world.settled();
    await sync.kill();
    expect(world.store.blocks().length).toBe(60);
  });

  test('passes over an endpoint whose head is a lie', async () => {
    const world = createWorld(seededRandom(1), { length: 60, others: ['liar'] });
    const sync = world.start();
    await world.settled();
    await sync.kill();
    expect(world.store.blocks().map(refOf)).toEqual(world.chain.from(0).map(refOf));
    expect(world.endpoints[1]?.report().reason).toMatch(/has no block/);
  });

  test('stays on its branch while nodes of equal height disagree', async () => {
    const world = createWorld(seededRandom(1), { length: 60, others: ['forked'] });
    const sync = world.start();
    await world.settled();
    const { changes } = world.store;
    const before = changes.length;
    await world.pause(50);
    await sync.kill();
    expect(changes.length).toBe(before);
  });

  test('stops asking for history that no endpoint has, and goes on with the head', async () => {
    const world = createWorld(seededRandom(1), { length: 300, pruned: 100 });
    const sync = world.start();
    await world.until(() => world.store.blocks().length === 200);
    const asked = world.historyReads();
    world.chain.change({ kind: 'append', count: 5 });
    await world.until(() => world.store.blocks().length === 205);
    await world.pause(100);
    await sync.kill();
    expect(world.historyReads()).toBe(asked);
    expect(sync.remaining()).toBe(0);
  });

  test('backs off from a block that cannot be had now, instead of asking without end', async () => {
    const world = createWorld(seededRandom(1), { length: 100, withoutBlock: 90 });
    const sync = world.start();
    await world.until(() => sync.historyFailures.length > 0);
    const asked = world.historyReads();
    await world.pause(500);
    await sync.kill();
    expect(world.historyReads() - asked).toBeLessThan(100);
  });

  test('keeps to the genesis of the catalog, and refuses to go on over a stored chain with another', async () => {
    const world = createWorld(seededRandom(1), { length: 20 });
    const sync = world.start();
    await world.settled();
    await sync.kill();
    const other = world.start({ genesisHash: `0x${'7'.repeat(64)}` });
    await other.ended;
    expect(other.crashes.join()).toMatch(/--forget/);
  });

  test('ends at once when it is stopped, whatever it waits for', async () => {
    const world = createWorld(seededRandom(1), { length: 20, hangs: true });
    const sync = world.start();
    await world.pause(20);
    const from = performance.now();
    await sync.kill();
    expect(performance.now() - from).toBeLessThan(5_000);
  });
});

const afterMs = fc.integer({ min: 0, max: 12 });
const action = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 40 }), afterMs }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('reorg' as const),
      depth: fc.integer({ min: 1, max: finalityDepth }),
      count: fc.integer({ min: 0, max: 30 }),
      afterMs,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('cut' as const),
      depth: fc.integer({ min: 1, max: finalityDepth }),
      afterMs,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('kill' as const), afterMs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rival' as const), afterMs }) },
);

const scenario = fc.record({
  length: fc.integer({ min: 1, max: 80 }),
  blocksPerCommitMax: fc.integer({ min: 1, max: 20 }),
  others: fc.subarray<Other>(['behind', 'liar', 'forked']),
  startBlock: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
  faults: fc.constantFrom(0, 0.1, 0.3),
});
