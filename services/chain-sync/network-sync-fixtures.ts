import { createHash } from 'node:crypto';
import { pino } from 'pino';
import type { Block, BlockRef, Hex } from '../datasets/chain/block.ts';
import { type ChainStoreModel, createChainStoreModel } from '../datasets/chain/chain-store-model.ts';
import type { ChainStore } from '../datasets/chain/write.ts';
import { RetryableError } from '../runtime/errors.ts';
import type { EvmReader } from './evm/evm-reader.ts';
import { type NetworkSyncOptions, syncNetwork } from './network-sync.ts';
import { createEndpoint, type Endpoint } from './rpc/endpoint.ts';
import { NoEndpoint } from './rpc/endpoint-pool.ts';
import { EndpointFault } from './rpc/fault.ts';

// A chain in memory, which is cut back, replaced and extended while processes sync it.

/** Blocks on top of one that is final. */
export const finalityDepth = 8;

/** What befalls the chain. */
export type Action =
  | { readonly kind: 'append'; readonly count: number }
  | { readonly kind: 'reorg'; readonly depth: number; readonly count: number; readonly unlimited?: boolean }
  | { readonly kind: 'cut'; readonly depth: number; readonly unlimited?: boolean };

/** Nodes beside the honest one. */
export type Other = 'behind' | 'liar' | 'forked' | 'archive';

export interface Scenario {
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
  /** Blocks below this are gone from every node but the archive. */
  readonly pruned?: number;
  /** A block that no node gives. */
  readonly withoutBlock?: number;
  readonly hangs?: boolean;
}

/** One network with its nodes, its store, and processes that sync it. */
export function createWorld(random: () => number, options: Scenario) {
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

  function isPruned(endpoint: Endpoint, number: number): boolean {
    return endpoint.host !== 'archive' && number < (options.pruned ?? 0);
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
      if (isPruned(endpoint, number)) {
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
      historyFrom: () => Math.min(...endpoints.map((each) => each.historyFrom())),
      readHeaders: (endpoint, numbers) =>
        ask(endpoint, 'headers', () =>
          numbers.map((number) => (isPruned(endpoint, number) ? undefined : view(endpoint)[number])),
        ),
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
    const deadline = performance.now() + 15_000;
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
    /** Resolves when the store holds the chain from a block on, and nothing below. */
    settledFrom: (from: number) =>
      until(() => {
        const [held, wanted] = [model.blocks(), chain.from(from)];
        return held.length === wanted.length && held.every(({ hash }, at) => hash === wanted[at]?.hash);
      }),
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

export function refOf({ number, hash }: Block): BlockRef {
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
