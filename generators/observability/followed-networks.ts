import { whyNotFollowed } from '../../catalog/followed.ts';
import type { Environment } from '../../catalog/schema/environment.ts';
import type { Network } from '../../catalog/schema/network.ts';

/** Blocks that a network may be behind before someone is told. */
export const behindBlocks = 60;
/** The block time that a network is taken for whose own the catalog does not state. */
export const usualBlockSeconds = 12;

/** The networks that an environment follows: those that its alerts and dashboards speak of. */
export function followedNetworks(networks: readonly Network[], { phases, sync }: Environment): Network[] {
  const following = { phases, priorityThreshold: sync.priorityThreshold };
  return networks.filter((network) => whyNotFollowed(network, following) === undefined);
}
