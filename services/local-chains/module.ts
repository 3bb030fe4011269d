import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { Network } from '../../catalog/schema/network.ts';
import type { Children } from '../runtime/children.ts';
import { ConfigurationError } from '../runtime/errors.ts';
import type { Health, Started } from '../runtime/modules.ts';
import { type LocalChain, startChain } from './chain.ts';

/** The chains of this machine. */
export interface LocalChains {
  readonly chains: readonly { readonly id: string; readonly url: string }[];
}

/**
 * Real EVM chains for a laptop: one anvil a network, with traffic of its own, for whoever has no other chain at hand. A
 * network whose stack is `op_stack` runs as an OP chain. Chains are kept under `dataDir` and go on at the next start.
 * Resolves once all answer.
 * @param deps.networks each needs a chainId and an rpc url on this machine
 * @param deps.seed of the traffic
 */
export async function createLocalChains(deps: {
  readonly networks: readonly Network[];
  readonly dataDir: string;
  readonly children: Children;
  readonly log: Logger;
  readonly seed?: number;
}): Promise<Started<LocalChains>> {
  const { dataDir, children, log, seed = 1 } = deps;
  const chains = deps.networks.map(chainOf);
  const started = await Promise.allSettled(
    chains.map(({ blockTimeSeconds, ...chain }) =>
      startChain({
        ...chain,
        folder: resolve(dataDir, 'chains', chain.id),
        children,
        log,
        seed: (seed ^ chain.chainId) >>> 0,
        fullPaceMs: blockTimeSeconds * 1000,
        blocksBetweenSaves: 24,
      }),
    ),
  );
  const running = new Map<string, LocalChain>();
  for (const [index, { id }] of chains.entries()) {
    const result = started[index];
    if (result?.status === 'fulfilled') running.set(id, result.value);
  }
  const stop = async (): Promise<void> => {
    await Promise.all([...running.values()].map((chain) => chain.stop()));
  };
  const failure = started.find((result) => result.status === 'rejected');
  if (failure !== undefined) {
    await stop();
    throw failure.reason;
  }
  return { part: { chains: chains.map(({ id, url }) => ({ id, url })) }, stop, health: () => healthOf(running) };
}

interface Chain {
  readonly id: string;
  readonly chainId: number;
  readonly url: string;
  readonly optimism: boolean;
  readonly blockTimeSeconds: number;
}

function chainOf({ id, chainId, rpc, stack, blockTimeSeconds }: Network): Chain {
  const url = rpc[0]?.url;
  if (chainId === undefined || url === undefined) {
    throw new ConfigurationError(`local chain ${id} has no ${chainId === undefined ? 'chainId' : 'rpc url'}`);
  }
  const optimism = stack === 'op_stack';
  return { id, chainId, url, optimism, blockTimeSeconds: blockTimeSeconds ?? (optimism ? 1 : 2) };
}

function healthOf(running: ReadonlyMap<string, LocalChain>): Health {
  const all = [...running].map(([id, chain]) => ({ id, health: chain.health() }));
  return {
    ok: all.every(({ health }) => health.ok),
    detail: all.map(({ id, health }) => `${id}: ${health.detail ?? 'ok'}`).join('; '),
  };
}
