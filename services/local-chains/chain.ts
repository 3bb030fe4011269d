import { setTimeout as delay } from 'node:timers/promises';
import { toQuantity } from 'ethers';
import { describeError } from '../runtime/errors.ts';
import type { Health } from '../runtime/modules.ts';
import { entryPointAddresses, setEntryPoints } from '../testing/entry-point/entry-point.ts';
import { playgroundAddress } from '../testing/playground/playground.ts';
import { type ChainNode, type NodeOptions, startNode } from './node.ts';
import { isRecord, type NodeCall, type NodeRpc, parseQuantity, resultOf } from './node-rpc.ts';
import { blockIntervalMs } from './pace.ts';
import { saveState } from './saved-state.ts';
import { type BlockToPlan, planBlock } from './traffic.ts';

export interface ChainOptions extends Omit<NodeOptions, 'signal'> {
  /** Of the traffic: 32 bits, unsigned. */
  readonly seed: number;
  readonly fullPaceMs: number;
  /** The chain is saved as often: a kill loses at most so many blocks, and one or two more. */
  readonly blocksBetweenSaves: number;
}

export interface LocalChain {
  health(): Health;
  /** Saves the chain and ends its node. */
  stop(): Promise<void>;
}

/** More of them waiting than this, and something is stuck: they are dropped, so that the pool does not fill the memory. */
const waitingTransactionsMax = 500;
const restartDelayMs = 1_000;
const stopGraceMs = 3_000;

interface Block {
  readonly number: number;
  readonly hash: string;
  readonly timestampSeconds: number;
  readonly baseFeePerGas: bigint;
}

/**
 * Starts one chain, keeps its blocks coming, saves it now and then, and starts its node again should that end by itself.
 * Nothing of the chain is remembered from one block to the next, so reorgs, rollbacks, snapshots and other people's
 * transactions do not disturb it.
 * @throws if the node does not come up
 */
export async function startChain(options: ChainOptions): Promise<LocalChain> {
  const { id, fullPaceMs, log } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  let node: ChainNode | undefined = await startNode({ ...options, signal });
  let head: Block | undefined;
  let saved: Block | undefined;
  let blocksSinceStart = 0;
  let problem: string | undefined;

  const working = keepGoing();

  async function keepGoing(): Promise<void> {
    while (!signal.aborted) {
      if (node !== undefined) await makeBlocks(node);
      if (signal.aborted) return;
      node = undefined;
      try {
        await delay(restartDelayMs, undefined, { signal });
        node = await startNode({ ...options, signal });
        log.info({ chain: id }, 'local chain started again');
      } catch (error) {
        report(error);
      }
    }
  }

  /** Until the chain is stopped or its node is gone. */
  async function makeBlocks({ rpc, child, isSaved }: ChainNode): Promise<void> {
    saved = isSaved ? await latestBlock(rpc).catch(() => undefined) : undefined;
    const ended = new AbortController();
    void child.exited.then(({ tail }) => {
      if (signal.aborted) return;
      report(new Error(['the node ended by itself', ...tail].join(': ')));
      ended.abort();
    });
    const until = AbortSignal.any([signal, ended.signal]);
    let due = performance.now();
    while (!until.aborted) {
      try {
        head = await makeBlock(rpc, options);
        blocksSinceStart++;
        if (await isSaveDue(rpc)) await save(rpc);
        problem = undefined;
      } catch (error) {
        if (until.aborted) return;
        report(error);
      }
      due = Math.max(
        due + blockIntervalMs({ fullPaceMs, height: head?.number ?? 0, blocksSinceStart }),
        performance.now(),
      );
      await delay(Math.max(0, due - performance.now()), undefined, { signal: until }).catch(() => undefined);
    }
  }

  async function isSaveDue(rpc: NodeRpc): Promise<boolean> {
    if (head === undefined) return false;
    if (saved === undefined || head.number >= saved.number + options.blocksBetweenSaves) return true;
    // After a reorg the save is of a branch that is no more.
    const there = await rpc.call('eth_getBlockByNumber', [toQuantity(saved.number), false]);
    return !isRecord(there) || there.hash !== saved.hash;
  }

  async function save(rpc: NodeRpc): Promise<void> {
    const from = performance.now();
    const at = await latestBlock(rpc);
    const done = await saveState(options.folder, options.url, async () => (await latestBlock(rpc)).hash === at.hash);
    if (!done) return;
    saved = at;
    log.debug({ chain: id, block: at.number, ms: Math.round(performance.now() - from) }, 'local chain saved');
  }

  /** Each new problem is told once. */
  function report(error: unknown): void {
    const reason = describeError(error);
    if (reason !== problem && !signal.aborted) log.warn({ chain: id, reason }, 'local chain stands still');
    problem = reason;
  }

  return {
    health: () => {
      if (problem !== undefined) return { ok: false, detail: problem };
      if (head === undefined) return { ok: true, detail: 'starting' };
      const everyMs = blockIntervalMs({ fullPaceMs, height: head.number, blocksSinceStart });
      return { ok: true, detail: `block ${head.number}, one every ${everyMs / 1000} s` };
    },
    stop: async () => {
      stopping.abort();
      await working;
      if (node === undefined) return;
      try {
        await save(node.rpc);
      } catch (error) {
        log.warn({ chain: id, reason: describeError(error) }, 'local chain not saved: its last blocks are lost');
      }
      await node.child.stop(stopGraceMs);
    },
  };
}

/** Sends the transactions of the next block, and mines it. A refused transaction is left out. */
async function makeBlock(rpc: NodeRpc, { id, seed, optimism, log }: ChainOptions): Promise<Block> {
  const { accounts, depositors } = parseAccounts(await rpc.call('eth_accounts'));
  const [latest, code, entryPointCode, pool, ...counts] = await rpc.batch([
    ['eth_getBlockByNumber', ['latest', false]],
    ['eth_getCode', [playgroundAddress, 'latest']],
    ['eth_getCode', [entryPointAddresses[0], 'latest']],
    ['txpool_status'],
    ...accounts.map((account): NodeCall => ['eth_getTransactionCount', [account, 'pending']]),
  ]);
  const parent = parseBlock(resultOf(latest, 'eth_getBlockByNumber'));
  const nonces = new Map(
    accounts.map((account, index) => [account, parseQuantity(resultOf(counts[index], 'nonce'), 'nonce')]),
  );
  if (waitingTransactions(resultOf(pool, 'txpool_status')) > waitingTransactionsMax) {
    await rpc.call('anvil_dropAllTransactions');
    log.warn({ chain: id }, 'local chain dropped the transactions that did not get mined');
  }

  if (resultOf(entryPointCode, 'eth_getCode') === '0x') await rpc.batch(setEntryPoints());

  const timestampSeconds = Math.max(Math.floor(Date.now() / 1000), parent.timestampSeconds + 1);
  const planned = planBlock({
    seed,
    number: parent.number + 1,
    timestampSeconds,
    optimism,
    accounts,
    depositors,
    baseFeePerGas: parent.baseFeePerGas,
    hasContract: resultOf(code, 'eth_getCode') !== '0x',
  });
  const calls = planned.map((transaction): NodeCall => {
    const nonce = nonces.get(transaction.from);
    if (transaction.type === '0x7e' || nonce === undefined) return ['eth_sendTransaction', [transaction]];
    nonces.set(transaction.from, nonce + 1n);
    return ['eth_sendTransaction', [{ ...transaction, nonce: toQuantity(nonce) }]];
  });
  // Deposits come first in a block; the calls of one batch are worked on side by side.
  const deposits = planned.filter(({ type }) => type === '0x7e').length;
  for (const part of [calls.slice(0, deposits), calls.slice(deposits)]) {
    if (part.length === 0) continue;
    for (const answer of await rpc.batch(part)) {
      if (!answer.ok) log.debug({ chain: id, block: parent.number + 1, reason: answer.message }, 'transaction refused');
    }
  }
  await rpc.call('evm_mine', [{ timestamp: timestampSeconds }]);
  return latestBlock(rpc);
}

async function latestBlock(rpc: NodeRpc): Promise<Block> {
  return parseBlock(await rpc.call('eth_getBlockByNumber', ['latest', false]));
}

function parseBlock(value: unknown): Block {
  if (!isRecord(value) || typeof value.hash !== 'string') throw new Error('the node has no latest block');
  return {
    number: Number(parseQuantity(value.number, 'number')),
    hash: value.hash,
    timestampSeconds: Number(parseQuantity(value.timestamp, 'timestamp')),
    baseFeePerGas: parseQuantity(value.baseFeePerGas, 'baseFeePerGas'),
  };
}

function parseAccounts(value: unknown): Pick<BlockToPlan, 'accounts' | 'depositors'> {
  const all = Array.isArray(value) ? value.map(String) : [];
  const [attributes, bridge] = all.slice(-2);
  if (attributes === undefined || bridge === undefined) throw new Error('the node has no accounts');
  return { accounts: all.slice(0, -2), depositors: [attributes, bridge] };
}

function waitingTransactions(pool: unknown): number {
  if (!isRecord(pool)) return 0;
  return [pool.pending, pool.queued].reduce<number>((sum, count) => sum + Number(count ?? 0), 0);
}
