import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Anvil, startAnvil } from '../../testing/anvil.ts';
import { fillBlocks } from '../../testing/fill-blocks.ts';
import type { Log } from '../bench.ts';
import type { ChainInput } from './input.ts';

/**
 * Empty blocks on top of those that are synced: Ponder leaves the last 30 of an unknown chain to its realtime sync, which
 * is another program path than the one that is measured.
 */
const blocksOnTop = 32;

/** A real node filled with blocks of the mix of transactions of services/testing. */
export async function openFilledNode(
  sizes: { readonly blocks: number; readonly txsPerBlock: number },
  log: Log,
): Promise<{ node: Anvil; input: ChainInput }> {
  const node = await startAnvil({ noMining: true, gasLimit: 300_000_000n, args: ['--order', 'fifo'] });
  try {
    log(`filling a node with ${sizes.blocks} blocks of ${sizes.txsPerBlock} transactions`);
    const { firstBlock, lastBlock } = await fillBlocks(node, sizes);
    await node.rpc('anvil_mine', [`0x${blocksOnTop.toString(16)}`]);
    const senders = await node.rpc<string[]>('eth_accounts');
    return { node, input: { url: node.url, chainId: node.chainId, firstBlock, lastBlock, senders } };
  } catch (error) {
    await node.stop();
    throw error;
  }
}

/** A node that has all that `url` has now, and answers from memory: see replay-node.ts. */
export async function openReplay(url: string): Promise<{ url: string; process: ChildProcess }> {
  const child = fork(fileURLToPath(new URL('replay-node.ts', import.meta.url)));
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`The replaying node ended with ${code} before it was ready.`);
  });
  child.send(url);
  const [served] = (await Promise.race([once(child, 'message'), exited])) as [string];
  exited.catch(() => undefined); // it is killed when the bench is over
  return { url: served, process: child };
}
