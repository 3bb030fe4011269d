import type { Tier } from '../../catalog/tiers.ts';
import { knownNetworks } from './known-networks.ts';
import { createRandom } from './random.ts';

/** What one network brings. */
export interface NetworkLoad {
  readonly id: string;
  readonly tier: Tier;
  readonly blockSeconds: number;
  /** In the mean. */
  readonly txsPerBlock: number;
}

/** What the platform is to carry. */
export interface Demand {
  readonly networks: readonly NetworkLoad[];
  readonly pairs: number;
  readonly apiRequestsPerSecond: number;
  readonly webSocketClients: number;
}

/** Ours to assume: what a day of the service looks like, at every size. */
const assumedUse = { apiRequestsPerSecond: 1000, webSocketClients: 1000 };

/**
 * Transactions a second of the busiest network, and how fast those after it have fewer: rank^-0.9, a heavy tail. Together some 650
 * a second for fifty networks, which is about what the catalog's do. A block has one transaction at least: that of its system.
 */
export const traffic = { busiestTxsPerSecond: 120, exponent: 0.9, txsPerBlockMin: 1 };

/**
 * So many networks and pairs. The first networks are known ones. Those beyond have block time and tier of one of these, drawn at
 * random: the same for the same seed.
 */
export function demandOf(size: { readonly networks: number; readonly pairs: number }, seed = 1): Demand {
  const random = createRandom(seed);
  const networks = Array.from({ length: size.networks }, (_, rank): NetworkLoad => {
    const like = knownNetworks[rank] ?? knownNetworks[Math.floor(random.next() * knownNetworks.length)];
    if (like === undefined) throw new RangeError('there are no known networks');
    const [id, tier, blockSeconds] = like;
    const txsPerSecond = traffic.busiestTxsPerSecond / (rank + 1) ** traffic.exponent;
    const txsPerBlock = Math.max(traffic.txsPerBlockMin, txsPerSecond * blockSeconds);
    return { id: rank < knownNetworks.length ? id : `network-${rank}`, tier, blockSeconds, txsPerBlock };
  });
  return { networks, pairs: size.pairs, ...assumedUse };
}
