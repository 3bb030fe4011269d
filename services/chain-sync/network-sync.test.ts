import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { Block, BlockRef, Hex } from '../datasets/chain/block.ts';
import { type ChainStoreModel, createChainStoreModel } from '../datasets/chain/chain-store-model.ts';
import type { ChainStore } from '../datasets/chain/write.ts';
import { RetryableError } from '../runtime/errors.ts';
import { seededRandom } from '../testing/seeded-random.ts';
import type { EvmReader } from './evm/evm-reader.ts';
import { type NetworkSyncOptions, syncNetwork } from './network-sync.ts';
import { createEndpoint, type Endpoint } from './rpc/endpoint.ts';
import { NoEndpoint } from './rpc/endpoint-pool.ts';
import { EndpointFault } from './rpc/fault.ts';

// The sync against a chain in memory, which is cut back, replaced and extended while it runs.

const finalityDepth = 8;

describe(syncNetwork, () => {
  test('holds exactly the canonical chain after any reorgs, faults, kills and rival processes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 25 }), fc.integer(), scenario, async (actions, seed, options) => {
        const world = createWorld(seed, options);
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
    const world = createWorld(1, { historyBlocks: 10, length: 100 });
    const sync = world.start();
    await world.until(() => world.store.blocks().length === 11);
    world.chain.change({ kind: 'append', count: 5 });
    await world.until(() => world.store.blocks().length === 16);
    await sync.kill();
    expect(world.store.blocks()[0]?.number).toBe(89);
  });

  test('fills the gap it left while it was away, and drops what was orphaned meanwhile', async () => {
    const world = createWorld(1, { length: 30, blocksPerCommitMax: 5 });
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
    const world = createWorld(1, { length: 60 });
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
    const world = createWorld(1, { length: 50 });
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
    const world = createWorld(1, { length: 50, blocksPerCommitMax: 5 });
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
    const world = createWorld(1, { length: 50 });
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
    const world = createWorld(1, { length: 60, others: ['behind'] });
    const sync = world.start();
    await world.settled();
    await sync.kill();
    expect(world.store.blocks().length).toBe(60);
  });

  test('passes over an endpoint whose head is a lie', async () => {
    const world = createWorld(1, { length: 60, others: ['liar'] });
    const sync = world.start();
    await world.settled();
    await sync.kill();
    expect(world.store.blocks().map(refOf)).toEqual(world.chain.from(0).map(refOf));
    expect(world.endpoints[1]?.report().reason).toMatch(/has no block/);
  });

  test('stays on its branch while nodes of equal height disagree', async () => {
    const world = createWorld(1, { length: 60, others: ['forked'] });
    const sync = world.start();
    await world.settled();
    const { changes } = world.store;
    const before = changes.length;
    await world.pause(50);
    await sync.kill();
    expect(changes.length).toBe(before);
  });

  test('stops asking for history that no endpoint has, and goes on with the head', async () => {
    const world = createWorld(1, { length: 300, pruned: 100 });
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
    const world = createWorld(1, { length: 100, withoutBlock: 90 });
    const sync = world.start();
    await world.until(() => sync.historyFailures.length > 0);
    const asked = world.historyReads();
    await world.pause(500);
    await sync.kill();
    expect(world.historyReads() - asked).toBeLessThan(100);
  });

  test('keeps to the genesis of the catalog, and refuses to go on over a stored chain with another', async () => {
    const world = createWorld(1, { length: 20 });
    const sync = world.start();
    await world.settled();
    await sync.kill();
    const other = world.start({ genesisHash: `0x${'7'.repeat(64)}` });
    await other.ended;
    expect(other.crashes.join()).toMatch(/--forget/);
  });

  test('ends at once when it is stopped, whatever it waits for', async () => {
    const world = createWorld(1, { length: 20, hangs: true });
    const sync = world.start();
    await world.pause(20);
    const from = performance.now();
    await sync.kill();
    expect(performance.now() - from).toBeLessThan(5_000);
  });
});

type Action =
  | { readonly kind: 'append'; readonly count: number }
  | { readonly kind: 'reorg'; readonly depth: number; readonly count: number; readonly unlimited?: boolean }
  | { readonly kind: 'cut'; readonly depth: number; readonly unlimited?: boolean };

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

type Other = 'behind' | 'liar' | 'forked';

interface Scenario {
  readonly length?: number;
  readonly blocksPerCommitMax?: number;
  readonly others?: readonly Other[];
  readonly startBlock?: number | undefined;
  readonly historyBlocks?: number;
  /** A block's timestamp is its number. */
  readonly retentionSeconds?: number | undefined;
  /** The process's clock; far ahead of the chain when undefined. */
  readonly nowSeconds?: number;
  /** Faults of requests and commits, as a share. */
  readonly faults?: number;
  /** Blocks below this are gone from every node. */
  readonly pruned?: number;
  /** A block that no node gives. */
  readonly withoutBlock?: number;
  readonly hangs?: boolean;
}

const scenario = fc.record({
  length: fc.integer({ min: 1, max: 80 }),
  blocksPerCommitMax: fc.integer({ min: 1, max: 20 }),
  others: fc.subarray<Other>(['behind', 'liar', 'forked']),
  startBlock: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
  faults: fc.constantFrom(0, 0.1, 0.3),
});

function createWorld(seed: number, options: Scenario) {
  const random = seededRandom(seed);
  const chain = createChain(options.length ?? 50);
  const model = createChainStoreModel();
  let faults = options.faults ?? 0;
  let reads = 0;
  const said: string[] = [];
  const endpoints = ['honest', ...(options.others ?? [])].map((name) =>
    createEndpoint(`http://${name}/`, { blocksMax: 7, restMaxMs: 1 }),
  );
  for (const endpoint of endpoints) endpoint.failed = withoutRest(endpoint);

  /** Lets others run, for a random while. */
  async function step(what: string): Promise<void> {
    for (let turns = Math.floor(random() * 4); turns > 0; turns--)
      await new Promise((resolve) => setImmediate(resolve));
    if (random() < faults) throw new EndpointFault('unreachable', `${what} failed by chance`);
  }

  function view(endpoint: Endpoint): readonly Block[] {
    const blocks = chain.from(0);
    if (endpoint.host === 'behind') return blocks.slice(0, Math.max(1, blocks.length - 12));
    // Its last block is another one than that of the rest.
    if (endpoint.host === 'forked' && blocks.length > 1)
      return [...blocks.slice(0, -1), blockOf(blocks.length - 1, blocks.at(-2)?.hash ?? noHash, 'fork')];
    return blocks;
  }

  function headOf(endpoint: Endpoint): { head: Block; finalized: Block } {
    const blocks = view(endpoint);
    const head = blocks.at(-1) as Block;
    const finalized = blocks[Math.max(0, blocks.length - 1 - finalityDepth)] as Block;
    return endpoint.host === 'liar'
      ? { head: { ...head, number: head.number + 1000 }, finalized }
      : { head, finalized };
  }

  function blocksOf(endpoint: Endpoint, { from, to }: { from: number; to: number }): Block[] {
    const blocks = view(endpoint);
    for (let number = to; number >= from; number--) {
      if (blocks[number] === undefined || number === options.withoutBlock)
        throw new EndpointFault('missing', `it has no block ${number}`);
      if (number < (options.pruned ?? 0)) {
        endpoint.lacks(number);
        throw new EndpointFault('missing', `it has no block ${number}`);
      }
    }
    return blocks.slice(from, to + 1);
  }

  function readerOf(signal: AbortSignal): EvmReader {
    let trusted: readonly BlockRef[] = [];
    const ask = async <T>(endpoint: Endpoint, what: string, work: () => T): Promise<T> => {
      if (options.hangs === true)
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      try {
        await step(what);
        signal.throwIfAborted();
        return work();
      } catch (error) {
        if (error instanceof EndpointFault) endpoint.failed(error);
        throw error;
      }
    };
    const verify = (endpoint: Endpoint): Promise<void> =>
      ask(endpoint, 'verify', () => {
        for (const { number, hash } of trusted) {
          const theirs = view(endpoint)[number];
          if (theirs !== undefined && theirs.hash !== hash)
            throw new EndpointFault('wrong_chain', `final block ${number}`);
        }
        endpoint.admit(view(endpoint)[0]?.hash ?? null);
      });
    return {
      endpoints,
      readHeads: async () => {
        const readings = await Promise.all(
          endpoints.map(async (endpoint) => {
            try {
              if (!endpoint.admitted) await verify(endpoint);
              return await ask(endpoint, 'head', () => ({ endpoint, ...headOf(endpoint) }));
            } catch {
              return undefined;
            }
          }),
        );
        signal.throwIfAborted();
        const told = readings.filter((each) => each !== undefined);
        if (told.length === 0) throw new NoEndpoint(endpoints);
        return told.sort((a, b) => b.head.number - a.head.number);
      },
      readTop: (endpoint, range) => ask(endpoint, 'blocks', () => blocksOf(endpoint, range)),
      readHistory: async (range) => {
        reads++;
        const suitable = endpoints.filter(
          (each) => range.to <= headOf(each).head.number && range.from >= each.historyFrom(),
        );
        for (const endpoint of suitable.sort(() => random() - 0.5)) {
          try {
            return await ask(endpoint, 'history', () => ({ endpoint, blocks: blocksOf(endpoint, range) }));
          } catch (error) {
            if (!(error instanceof EndpointFault)) throw error;
          }
        }
        throw new NoEndpoint(endpoints);
      },
      historyFrom: () => Math.max(...endpoints.map((each) => each.historyFrom())),
      readHeaders: (endpoint, numbers) =>
        ask(endpoint, 'headers', () => numbers.map((number) => view(endpoint)[number])),
      trust: (blocks) => {
        trusted = blocks;
      },
      verify,
      blame: (endpoint, fault) => endpoint.failed(fault),
    };
  }

  /** The store as a process sees it: slow, and at times it fails before or after the commit. */
  function storeOf(store: ChainStoreModel, signal: AbortSignal): ChainStore {
    const slow = async <T>(work: () => Promise<T>): Promise<T> => {
      for (let turns = Math.floor(random() * 3); turns > 0; turns--)
        await new Promise((resolve) => setImmediate(resolve));
      // A killed process does nothing more.
      if (signal.aborted) return new Promise(() => undefined);
      return work();
    };
    return {
      loadCursor: () => slow(store.loadCursor),
      pinGenesis: (hash) => slow(() => store.pinGenesis(hash)),
      readHashes: (range) => slow(() => store.readHashes(range)),
      findParentHash: (number) => slow(() => store.findParentHash(number)),
      dropOld: (cursor, request) =>
        slow(async () => {
          if (random() < faults / 4) throw new RetryableError('lost before the commit');
          const after = await store.dropOld(cursor, request);
          if (random() < faults / 4) throw new RetryableError('lost after the commit');
          return after;
        }),
      commitStep: (cursor, each) =>
        slow(async () => {
          if (random() < faults / 4) throw new RetryableError('lost before the commit');
          const after = await store.commitStep(cursor, each);
          assertOneChain(store.blocks());
          if (random() < faults / 4) throw new RetryableError('lost after the commit');
          return after;
        }),
    };
  }

  function start(changes: Partial<NetworkSyncOptions> = {}) {
    const abort = new AbortController();
    const [failures, historyFailures, crashes]: [string[], string[], string[]] = [[], [], []];
    let remaining = 0;
    let dropped = 0;
    const ended = syncNetwork({
      network: 'simulated',
      store: storeOf(model, abort.signal),
      reader: readerOf(abort.signal),
      log: pino({ level: 'silent' }),
      signal: abort.signal,
      intervalMs: 2,
      blocksPerCommitMax: options.blocksPerCommitMax ?? 100,
      genesisHash: undefined,
      startBlock: options.startBlock,
      historyBlocks: options.historyBlocks,
      retentionMs: options.retentionSeconds === undefined ? undefined : options.retentionSeconds * 1000,
      dropEveryMs: 2,
      hasFinalityTag: true,
      confirmations: finalityDepth,
      clock: () => (options.nowSeconds === undefined ? Number.MAX_SAFE_INTEGER : options.nowSeconds * 1000),
      observer: {
        moved: () => undefined,
        followed: (_, progress) => {
          remaining = progress.remaining;
        },
        reorged: () => undefined,
        dropped: (count) => {
          dropped += count;
        },
        headFailed: (reason) => failures.push(reason) + said.push(reason),
        historyFailed: (reason) => reason !== undefined && historyFailures.push(reason) + said.push(reason),
      },
      ...changes,
    }).catch((error: Error) => {
      if (!abort.signal.aborted) crashes.push(error.message);
    });
    const kill = async (): Promise<void> => {
      abort.abort(new Error('killed'));
      // What waits for a store that is gone never ends, as in a killed process.
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 5))]);
    };
    return { kill, ended, failures, historyFailures, crashes, remaining: () => remaining, dropped: () => dropped };
  }

  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 5_000;
    while (!(await condition())) {
      if (performance.now() > deadline)
        throw new Error(
          `not reached: ${JSON.stringify({ ...(await model.loadCursor()), head: chain.from(0).length - 1, said: said.slice(-10) })}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  return {
    chain,
    store: model,
    endpoints,
    start,
    until,
    historyReads: () => reads,
    pause: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
    calm: () => {
      faults = 0;
    },
    /** Resolves when the store holds what the chain is. */
    settled: () =>
      until(async () => {
        const [held, wanted] = [model.blocks(), chain.from(options.startBlock ?? 0)];
        const { finalizedNumber } = await model.loadCursor();
        const final = chain.from(0).length - 1 - finalityDepth;
        return (
          held.length === wanted.length &&
          held.at(-2)?.hash === wanted.at(-2)?.hash &&
          (held.at(-1)?.hash === wanted.at(-1)?.hash || endpoints.some((each) => each.host === 'forked')) &&
          (final < (options.startBlock ?? 0) || (finalizedNumber ?? -1) >= final)
        );
      }),
  };
}

/** A chain that never forks below what it once called final, unless told to. */
function createChain(length: number) {
  let salt = 0;
  let blocks: readonly Block[] = grow([blockOf(0, noHash, 'genesis')], length - 1);
  let final = 0;

  function grow(start: readonly Block[], count: number): readonly Block[] {
    const grown = [...start];
    for (let each = 0; each < count; each++)
      grown.push(blockOf(grown.length, (grown.at(-1) as Block).hash, `${salt++}`));
    return grown;
  }

  return {
    from: (number: number) => blocks.slice(number),
    change: (action: Action) => {
      final = Math.max(final, blocks.length - 1 - finalityDepth);
      const unlimited = action.kind !== 'append' && action.unlimited === true;
      const kept =
        action.kind === 'append' ? blocks.length : Math.max(unlimited ? 1 : final + 1, blocks.length - action.depth);
      blocks = grow(blocks.slice(0, kept), action.kind === 'cut' ? 0 : action.count);
    },
  };
}

const noHash: Hex = `0x${'0'.repeat(64)}`;

function blockOf(number: number, parentHash: Hex, salt: string): Block {
  // Of the parent too, as in every chain: one hash never stands on two parents.
  const hash: Hex = `0x${createHash('sha256').update(`${number} ${parentHash} ${salt}`).digest('hex')}`;
  const none = {
    miner: null,
    baseFeePerGas: null,
    blobGasUsed: null,
    excessBlobGas: null,
    l1BlockNumber: null,
    sizeBytes: null,
  };
  return {
    number,
    hash,
    parentHash,
    timestamp: number,
    gasLimit: '0',
    gasUsed: '0',
    ...none,
    extra: null,
    txs: [],
    logs: [],
  };
}

function refOf({ number, hash }: Block): BlockRef {
  return { number, hash };
}

function assertOneChain(blocks: readonly Block[]): void {
  for (const [at, block] of blocks.entries()) {
    const previous = blocks[at - 1];
    if (previous?.number === block.number - 1 && previous.hash !== block.parentHash)
      throw new Error(`torn at block ${block.number}`);
  }
}

/** Faults are written down, but time is too short here for rests. */
function withoutRest(endpoint: Endpoint): Endpoint['failed'] {
  const failed = endpoint.failed;
  return (fault) => failed(fault, fault.kind === 'wrong_chain');
}
