import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Child, Children } from '../runtime/children.ts';
import { ConfigurationError, describeError, RetryableError } from '../runtime/errors.ts';
import { anvilCommand } from '../testing/anvil-command.ts';
import { createNodeRpc, isRecord, type NodeRpc, parseQuantity } from './node-rpc.ts';
import {
  beginChain,
  type ChainOrigin,
  dumpNames,
  putAside,
  readOrigin,
  removeUnpacked,
  unpackState,
} from './saved-state.ts';
import { blockGasLimit, usualBaseFeePerGas } from './traffic.ts';

export interface NodeOptions {
  readonly id: string;
  readonly chainId: number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly optimism: boolean;
  /** Where the chain is kept between runs. */
  readonly folder: string;
  readonly children: Children;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** A running anvil with its chain loaded. It mines only when told to. */
export interface ChainNode {
  readonly rpc: NodeRpc;
  readonly child: Child;
  /** The chain is as it is on disk. */
  readonly isSaved: boolean;
}

/** Ten senders, as anvil has them by default, and two that deposits come from. */
const accountCount = 12;
/** States of past blocks kept for `anvil_reorg`: as deep as the chain's finality. */
const statesMax = 64;
const startTimeoutMs = 30_000;
const releaseTimeoutMs = 8_000;

/**
 * Starts anvil with the chain as it was saved last; if that cannot be loaded, as it was saved before, or else anew.
 * @throws ConfigurationError if something else listens on its port
 */
export async function startNode(options: NodeOptions): Promise<ChainNode> {
  const { id, chainId, optimism, folder, log } = options;
  await waitForPort(options);
  const origin = await readOrigin(folder);
  if (origin !== undefined && origin.chainId === chainId && origin.optimism === optimism) {
    const node = await startSaved(options, origin);
    if (node !== undefined) return node;
    log.error(
      { chain: id, folder },
      'local chain cannot be loaded and begins anew: what was synced of it is of another chain',
    );
  }
  const begun = { chainId, optimism, genesisTimestampSeconds: Math.floor(Date.now() / 1000) };
  await beginChain(folder, begun);
  return spawnNode(options, begun, undefined);
}

async function startSaved(options: NodeOptions, origin: ChainOrigin): Promise<ChainNode | undefined> {
  const { id, folder, log } = options;
  let refused = false;
  for (const name of dumpNames) {
    try {
      const path = await unpackState(folder, name);
      if (path === undefined) continue;
      const node = await spawnNode(options, origin, path);
      log.debug({ chain: id, dump: name }, 'local chain loaded');
      return node;
    } catch (error) {
      refused = true;
      options.signal.throwIfAborted();
      if (error instanceof ConfigurationError) throw error;
      log.warn({ chain: id, dump: name, reason: describeError(error) }, 'saved local chain cannot be loaded');
      await putAside(folder, name);
    } finally {
      await removeUnpacked(folder);
    }
  }
  // Ended before the first dump: the same chain again, from its genesis block.
  return refused ? undefined : spawnNode(options, origin, undefined);
}

async function spawnNode(options: NodeOptions, origin: ChainOrigin, statePath: string | undefined): Promise<ChainNode> {
  const { id, optimism, folder, children } = options;
  const { hostname, port } = new URL(options.url);
  const { command, args } = anvilCommand();
  const baseFee = optimism ? usualBaseFeePerGas.optimism : usualBaseFeePerGas.layerOne;
  const child = await children.spawn({
    name: `anvil of ${id}`,
    command,
    args: [
      ...args,
      ...['--host', hostname, '--port', port, '--chain-id', String(origin.chainId)],
      ...['--timestamp', String(origin.genesisTimestampSeconds)],
      ...['--accounts', String(accountCount)],
      ...['--gas-limit', String(blockGasLimit), '--block-base-fee-per-gas', String(baseFee)],
      ...['--prune-history', String(statesMax), '--order', 'fifo'],
      ...(optimism ? ['--network', 'optimism'] : []),
      ...(statePath === undefined ? [] : ['--load-state', statePath]),
      // Mining is ours, so that nothing is mined while the chain is saved, and clocks stay right after a load or a reorg.
      '--no-mining',
      '--quiet',
    ],
    cwd: folder,
    env: { HOME: folder },
    stopSignal: 'SIGTERM',
    logTail: 10,
  });
  const rpc = createNodeRpc(options.url);
  try {
    await waitUntilReady(rpc, child, options);
  } catch (error) {
    await child.stop(1_000);
    throw error;
  }
  return { rpc, child, isSaved: statePath !== undefined };
}

async function waitUntilReady(rpc: NodeRpc, child: Child, { chainId, signal }: NodeOptions): Promise<void> {
  const deadline = performance.now() + startTimeoutMs;
  let ended: string | undefined;
  void child.exited.then(({ tail, code }) => {
    ended = tail.join(' ') || `exit code ${code}`;
  });
  for (;;) {
    signal.throwIfAborted();
    if (ended !== undefined) throw new Error(`anvil ended while starting: ${ended}`);
    try {
      const found = parseQuantity(await rpc.call('eth_chainId'), 'the chain id');
      if (found === BigInt(chainId)) return;
    } catch (error) {
      if (performance.now() > deadline)
        throw new Error(`anvil did not answer in ${startTimeoutMs / 1000} s`, { cause: error });
    }
    await delay(20, undefined, { signal });
  }
}

/** Waits until nothing listens: after kill -9 of a Defimon, its anvil is still there for a moment. */
async function waitForPort({ id, chainId, url, signal }: NodeOptions): Promise<void> {
  const { port } = new URL(url);
  const deadline = performance.now() + releaseTimeoutMs;
  for (;;) {
    const listener = await whoListens(url);
    if (listener === 'nobody') return;
    const isLate = performance.now() > deadline;
    const mayVanish = listener === chainId || (listener === 'unclear' && !isLate);
    if (!mayVanish) {
      throw new ConfigurationError(
        `port ${port} of the local chain ${id} is taken by another program — end that program, or give the chain another ` +
          'port: its rpc url in environments/local/environment.yaml',
      );
    }
    if (isLate) {
      throw new RetryableError(
        `port ${port} of the local chain ${id} is held by an anvil of the same chain — another Defimon is running here ` +
          'or left it behind: end it, then start again',
      );
    }
    await delay(200, undefined, { signal });
  }
}

/** @returns the chain id if it is an anvil; unclear if it takes connections and then breaks them, as a process does that dies */
async function whoListens(url: string): Promise<number | 'another program' | 'unclear' | 'nobody'> {
  const rpc = createNodeRpc(url);
  try {
    const [version, chainId] = await rpc.batch([['web3_clientVersion'], ['eth_chainId']]);
    if (version?.ok !== true || chainId?.ok !== true) return 'another program';
    if (!String(version.result).startsWith('anvil/')) return 'another program';
    return Number(parseQuantity(chainId.result, 'the chain id'));
  } catch (error) {
    if (isRecord(error) && error.cause === undefined) return 'another program';
    return isRefused(error) ? 'nobody' : 'unclear';
  }
}

function isRefused(error: unknown): boolean {
  const cause = isRecord(error) ? error.cause : undefined;
  return isRecord(cause) && cause.code === 'ECONNREFUSED';
}
