import { halve } from '../../catalog/shards.ts';
import { type Tier, tiers } from '../../catalog/tiers.ts';
import { ratesOf } from './chain-rates.ts';
import { costs } from './costs.ts';
import type { NetworkLoad } from './demand.ts';
import { callsPerBlock, callsPerPoll, pollSeconds, rpcCallsPerSecondMax } from './program.ts';

export interface SyncShard {
  /** As the generator names it (catalog/shards.ts). */
  readonly id: string;
  readonly tier: Tier;
  readonly networks: readonly NetworkLoad[];
  /** Of the one core that Node has; relay included, which carries the shard's own networks. */
  readonly utilisation: number;
  /** JSON-RPC calls, and the HTTP requests that they go in, a second. */
  readonly callsPerSecond: number;
  readonly requestsPerSecond: number;
  /** Requests under way at a time, by Little's law. */
  readonly requestsAtOnce: number;
}

/** The workloads that the generator makes of `shards: { of: networks, size }`: by tier, each tier by halves (catalog/shards.ts). */
export function syncShardsOf(networks: readonly NetworkLoad[], size: number): SyncShard[] {
  return tiers.flatMap((tier) =>
    halve(
      networks.filter((network) => network.tier === tier),
      size,
      ({ id }) => id,
    ).map(({ number, items }) => shardOf(number === 0 ? tier : `${tier}-${number}`, tier, items)),
  );
}

function shardOf(id: string, tier: Tier, networks: readonly NetworkLoad[]): SyncShard {
  const { polls, commits, blocks, txs } = ratesOf(networks);
  const { sync, relay, rpc } = costs;
  const cpuMs =
    polls * sync.pollMs.value +
    commits * (sync.commitMs.value + relay.commitMs.value) +
    blocks * sync.blockMs.value +
    txs * (sync.txMs.value + relay.txMs.value);
  const endpoints = rpc.endpoints.value;
  const requestsPerSecond = polls * endpoints + Math.max(commits, blocks / rpc.blocksPerRequest.value);
  return {
    ...{ id, tier, networks },
    utilisation: cpuMs / 1000,
    callsPerSecond: polls * callsPerPoll * endpoints + blocks * callsPerBlock,
    requestsPerSecond,
    requestsAtOnce: requestsPerSecond * rpc.answerSeconds.value,
  };
}

/** Networks whose head alone takes more than this share of the calls that production allows a network. */
export function tightNetworks(networks: readonly NetworkLoad[], share: number): NetworkLoad[] {
  const polling = (callsPerPoll * costs.rpc.endpoints.value) / pollSeconds;
  return networks.filter(({ blockSeconds }) => polling + callsPerBlock / blockSeconds > share * rpcCallsPerSecondMax);
}
