import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Block } from '../datasets/chain/block.ts';
import type { ChainStoreModel } from '../datasets/chain/chain-store-model.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import { dropOld } from './drop-old.ts';
import { createWorld, finalityDepth, type Other, refOf } from './network-sync-fixtures.ts';

// The sync of a chain whose blocks are a second apart, told to keep so many seconds.

describe(dropOld, () => {
  test('holds the blocks of its time and no others, whatever befalls the chain and the processes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { maxLength: 15 }),
        fc.integer(),
        scenario,
        async (actions, seed, { seconds, ...options }) => {
          const world = createWorld(seededRandom(seed), { ...options, retentionSeconds: seconds });
          let sync = world.start();
          let highest = world.chain.from(0).length - 1;
          for (const each of actions) {
            if (each.kind === 'relay') world.store.relayed(world.store.changes.length);
            else if (each.kind === 'rival') {
              const rival = world.start();
              await world.pause(10);
              await rival.kill();
            } else if (each.kind === 'away') {
              await sync.kill();
              world.chain.change({ kind: 'reorg', depth: each.depth, count: each.count });
              sync = world.start();
            } else world.chain.change(each);
            highest = Math.max(highest, world.chain.from(0).length - 1);
            await world.pause(each.afterMs);
          }
          world.calm();
          // A chain that was cut back goes on: until then what is final by its nodes may be less than it was.
          world.chain.change({ kind: 'append', count: finalityDepth });
          highest = Math.max(highest, world.chain.from(0).length - 1);
          // With a node that disagrees on the last block, either is right.
          const certain = <T>(all: readonly T[]): readonly T[] =>
            options.others.includes('forked') ? all.slice(0, -1) : all;
          await world.until(async () => {
            world.store.relayed(world.store.changes.length);
            const held = world.store.blocks().map(refOf);
            const lowest = held[0]?.number ?? -1;
            const { finalizedNumber } = await world.store.loadCursor();
            const head = world.chain.from(0).length - 1;
            const lowestOf = (top: number): number => Math.max(0, Math.min(top - seconds, finalizedNumber ?? 0));
            return (
              lowest >= lowestOf(head) &&
              lowest <= lowestOf(highest) &&
              (finalizedNumber ?? -1) >= head - finalityDepth &&
              sameRefs(certain(held), certain(world.chain.from(lowest).map(refOf)))
            );
          });
          await sync.kill();
          expect(sync.crashes).toEqual([]);
          // What was dropped is never taken back: all of it must have been of the chain.
          const canonical = new Set<string>(world.chain.from(0).map(({ hash }) => hash));
          const told = certain(toldBlocks(world.store)).filter(({ hash }) => !canonical.has(hash));
          expect(told).toEqual([]);
        },
      ),
      { numRuns: 60, endOnFailure: true },
    );
  }, 120_000);

  test('fills no further back than is kept, and drops as the head moves on, once the relay has published', async () => {
    const world = createWorld(seededRandom(1), { length: 100, retentionSeconds: 30 });
    const sync = world.start();
    await world.until(() => sync.remaining() === 0 && world.store.blocks().length === 31);
    world.chain.change({ kind: 'append', count: 5 });
    await world.until(() => world.store.blocks().length === 36);
    await world.pause(20);
    expect(sync.dropped()).toBe(0);
    world.store.relayed(world.store.changes.length);
    await world.until(() => world.store.blocks().length === 31);
    const reads = world.historyReads();
    await world.pause(30);
    await sync.kill();
    expect(numbersOf(world.store)).toEqual({ from: 74, to: 104 });
    expect(sync.dropped()).toBe(5);
    // What was dropped is not wanted again.
    expect(world.historyReads()).toBe(reads);
    expect(sync.remaining()).toBe(0);
  });

  test('takes the age from the head of a chain that stands still, and of one that is ahead of its clock from the clock', async () => {
    const still = createWorld(seededRandom(1), { length: 100, retentionSeconds: 30, nowSeconds: 1_000_000 });
    const ahead = createWorld(seededRandom(1), { length: 100, retentionSeconds: 30, nowSeconds: 80 });
    for (const [world, from] of [
      [still, 69],
      [ahead, 50],
    ] as const) {
      const sync = world.start();
      await world.until(() => world.store.blocks().length === 100 - from);
      world.store.relayed(world.store.changes.length);
      await world.pause(30);
      await sync.kill();
      expect(numbersOf(world.store)).toEqual({ from, to: 99 });
    }
  });

  test('keeps the last final block, and those above it, where finality is further back than what is kept', async () => {
    const world = createWorld(seededRandom(1), { length: 100, retentionSeconds: 3 });
    const sync = world.start();
    const final = 99 - finalityDepth;
    await world.until(() => world.store.blocks().length === 100 - final);
    world.store.relayed(world.store.changes.length);
    world.chain.change({ kind: 'append', count: 10 });
    await world.until(() => {
      world.store.relayed(world.store.changes.length);
      return world.store.blocks()[0]?.number === final + 10;
    });
    await sync.kill();
    expect((await world.store.loadCursor()).finalizedNumber).toBe(final + 10);
  });

  test('goes on at the new head after an absence that was longer than what is kept, and drops what it left', async () => {
    const world = createWorld(seededRandom(1), { length: 60, retentionSeconds: 30, blocksPerCommitMax: 5 });
    let sync = world.start();
    await world.settledFrom(29);
    world.store.relayed(world.store.changes.length);
    await sync.kill();
    const left = world.store.blocks().at(-1);
    // Its last blocks are orphaned meanwhile.
    world.chain.change({ kind: 'reorg', depth: 4, count: 500 });
    sync = world.start();
    const head = world.chain.from(0).length - 1;
    await world.until(() => {
      world.store.relayed(world.store.changes.length);
      const { from } = numbersOf(world.store);
      return from === head - 30 && world.store.blocks().length === 31;
    });
    await sync.kill();
    expect(world.store.blocks().map(refOf)).toEqual(world.chain.from(head - 30).map(refOf));
    const retracted = world.store.changes.filter(({ kind }) => kind === 'retracted').map(({ hash }) => hash);
    expect(retracted).toHaveLength(4);
    expect(retracted).toContain(left?.hash);
    expect(sync.dropped()).toBe(27);
  });

  test('asks another node where history begins when the one that is followed lacks it', async () => {
    const world = createWorld(seededRandom(1), {
      length: 300,
      retentionSeconds: 250,
      pruned: 200,
      others: ['archive'],
    });
    const sync = world.start();
    await world.until(() => world.store.blocks().length === 251);
    await sync.kill();
    expect(numbersOf(world.store)).toEqual({ from: 49, to: 299 });
  });

  test('fills in again what it dropped when it is told to keep more', async () => {
    const world = createWorld(seededRandom(1), { length: 100, retentionSeconds: 20 });
    let sync = world.start();
    await world.settledFrom(79);
    world.chain.change({ kind: 'append', count: 10 });
    await world.until(() => {
      world.store.relayed(world.store.changes.length);
      return world.store.blocks()[0]?.number === 89;
    });
    await sync.kill();
    sync = world.start({ retentionMs: 60_000 });
    await world.settledFrom(49);
    await sync.kill();
    expect((await world.store.loadCursor()).droppedTo).toBe(48);
  });
});

const afterMs = fc.integer({ min: 0, max: 12 });
const depth = fc.integer({ min: 1, max: finalityDepth });
const action = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('append' as const), count: fc.integer({ min: 1, max: 40 }), afterMs }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('reorg' as const),
      depth,
      count: fc.integer({ min: 0, max: 20 }),
      afterMs,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), depth, afterMs }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('away' as const),
      depth,
      count: fc.integer({ min: 0, max: 150 }),
      afterMs,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rival' as const), afterMs }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('relay' as const), afterMs }) },
);

const scenario = fc.record({
  length: fc.integer({ min: 1, max: 80 }),
  blocksPerCommitMax: fc.integer({ min: 1, max: 20 }),
  others: fc.subarray<Other>(['behind', 'liar', 'forked']),
  faults: fc.constantFrom(0, 0.1, 0.3),
  seconds: fc.integer({ min: 1, max: 60 }),
});

function numbersOf(store: ChainStoreModel): { from: number; to: number } {
  const blocks = store.blocks();
  return { from: blocks[0]?.number ?? -1, to: blocks.at(-1)?.number ?? -1 };
}

/** What the outbox has told of and not taken back, ascending: what other stores have. */
function toldBlocks({ changes }: ChainStoreModel): { number: number; hash: string }[] {
  const told = new Map<string, number>();
  for (const { kind, number, hash } of changes) {
    if (hash === null) continue;
    if (kind === 'appended') told.set(hash, number);
    else told.delete(hash);
  }
  return [...told].map(([hash, number]) => ({ number, hash })).sort((a, b) => a.number - b.number);
}

function sameRefs(a: readonly Pick<Block, 'number' | 'hash'>[], b: readonly Pick<Block, 'number' | 'hash'>[]): boolean {
  return a.length === b.length && a.every(({ hash }, at) => hash === b[at]?.hash);
}
