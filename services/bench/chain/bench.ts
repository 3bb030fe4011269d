import type { Bench, Subject } from '../bench.ts';
import { openFilledNode, openReplay } from './node.ts';
import type { PonderSettings } from './ponder.ts';
import type { DrainSettings } from './raw-drain.ts';

/**
 * The best of 1, 5, 10, 20, 50 and 100 blocks a request with 1, 2, 4 and 8 requests in flight. On anvil it hardly matters
 * from two in flight on, as its CPU is used up then, most of it for recovering each sender from its signature anew.
 */
const bestDrain = { blocksPerRequest: 20, requestsInFlight: 4 };

/** The best of 1, 20 and 100. All else is Ponder's own choice: up to 256 calls at once, as many blocks as last a second. */
const bestPonder = { callsPerRequest: 20 };

const subjects: readonly Subject[] = [
  {
    name: 'ours',
    role: 'ours',
    summary: 'chain-sync into the embedded PostgreSQL, fsync on',
    module: new URL('ours.ts', import.meta.url),
  },
  {
    name: 'raw-drain',
    role: 'limit',
    summary: 'eth_getBlockByNumber and eth_getBlockReceipts by undici in batches, parsed and thrown away',
    module: new URL('raw-drain.ts', import.meta.url),
    settings: { ...bestDrain, parse: true } satisfies DrainSettings,
  },
  {
    name: 'raw-bytes',
    role: 'peer',
    summary: 'the same, not even parsed',
    module: new URL('raw-drain.ts', import.meta.url),
    settings: { ...bestDrain, parse: false } satisfies DrainSettings,
  },
  {
    name: 'ethers-loop',
    role: 'peer',
    summary: 'JsonRpcProvider with its defaults, block by block, receipts of a block at once; nothing stored',
    module: new URL('ethers-loop.ts', import.meta.url),
  },
  {
    name: 'ponder',
    role: 'peer',
    summary: 'Ponder into its own PGlite, no rate limit, handlers that do nothing',
    module: new URL('ponder.ts', import.meta.url),
    settings: { ...bestPonder, database: 'pglite' } satisfies PonderSettings,
    peer: 'ponder',
  },
  {
    name: 'ponder-postgres',
    role: 'peer',
    summary: 'Ponder into the same PostgreSQL as ours',
    module: new URL('ponder.ts', import.meta.url),
    settings: { ...bestPonder, database: 'postgres' } satisfies PonderSettings,
    peer: 'ponder',
  },
];

export const bench: Bench = {
  name: 'chain',
  summary: 'Syncing a range of blocks, with their transactions, receipts and logs, from a local node.',
  sizes: {
    blocks: { value: 2000, meaning: 'blocks of the range' },
    txs: { value: 20, meaning: 'transactions in each' },
  },
  cases: [
    { name: 'anvil', summary: 'a local anvil', things: 'blocks', cpuPer: 1000, subjects },
    {
      name: 'replay',
      summary: 'the answers of that anvil served from memory, so that the clients set the pace',
      things: 'blocks',
      cpuPer: 1000,
      subjects,
    },
  ],
  open: async ({ blocks = 0, txs = 0 }, log) => {
    const { node, input } = await openFilledNode({ blocks, txsPerBlock: txs }, log);
    let replay: Awaited<ReturnType<typeof openReplay>> | undefined;
    return {
      inputOf: async (name) => {
        if (name === 'anvil') return { input, servers: { node: node.pid } };
        log('recording the node');
        replay = await openReplay(node.url);
        return { input: { ...input, url: replay.url }, servers: { node: replay.process.pid ?? 0 } };
      },
      close: async () => {
        replay?.process.kill();
        await node.stop();
      },
    };
  },
};
