import { halve } from '../../catalog/shards.ts';
import { tiers } from '../../catalog/tiers.ts';
import { syncShardsOf } from './chain-sync-need.ts';
import type { NetworkLoad } from './demand.ts';
import { createRandom } from './random.ts';

/** What shards of chain-sync there are, and what one more network does to them. */
export interface Sharding {
  readonly shards: number;
  /** Networks of a shard, in the mean and at most. */
  readonly meanSize: number;
  readonly largest: number;
  /** When one network is added, over many tries: the share of tries that move any other, and how many move then at most. */
  readonly movingShare: number;
  readonly movedMax: number;
  /** Workloads that are new or changed by it, at most: the others are not touched. */
  readonly changedMax: number;
  /** Of the busiest shard. */
  readonly callsPerSecond: number;
  readonly requestsPerSecond: number;
  readonly requestsAtOnce: number;
  readonly utilisation: number;
}

const tries = 200;

/** Adds networks one at a time, each to what was there before, and compares who is with whom. */
export function shardingOf(networks: readonly NetworkLoad[], size: number, seed = 1): Sharding {
  const random = createRandom(seed);
  const shards = syncShardsOf(networks, size);
  const before = new Map(tiers.map((tier) => [tier, placesOf(idsOf(networks, tier), size)]));
  let moving = 0;
  let movedMax = 0;
  let changedMax = 0;
  for (let attempt = 0; attempt < tries; attempt++) {
    const tier = networks[Math.floor(random.next() * networks.length)]?.tier ?? 'background';
    const added = `added-${attempt}`;
    const after = placesOf([...idsOf(networks, tier), added], size);
    const moved = [...(before.get(tier) ?? [])].filter(([id, place]) => after.get(id) !== place);
    if (moved.length > 0) moving++;
    movedMax = Math.max(movedMax, moved.length);
    const touched = new Set([...moved.flatMap(([id, place]) => [place, after.get(id)]), after.get(added)]);
    changedMax = Math.max(changedMax, touched.size);
  }
  const most = (of: (shard: (typeof shards)[number]) => number): number => Math.max(...shards.map(of));
  return {
    shards: shards.length,
    meanSize: networks.length / shards.length,
    largest: most(({ networks }) => networks.length),
    ...{ movingShare: moving / tries, movedMax, changedMax },
    callsPerSecond: most(({ callsPerSecond }) => callsPerSecond),
    requestsPerSecond: most(({ requestsPerSecond }) => requestsPerSecond),
    requestsAtOnce: most(({ requestsAtOnce }) => requestsAtOnce),
    utilisation: most(({ utilisation }) => utilisation),
  };
}

function idsOf(networks: readonly NetworkLoad[], tier: NetworkLoad['tier']): string[] {
  return networks.flatMap((network) => (network.tier === tier ? [network.id] : []));
}

/** The number of its shard for each network of a tier. */
function placesOf(ids: readonly string[], size: number): Map<string, number> {
  return new Map(halve(ids, size, (id) => id).flatMap(({ number, items }) => items.map((id) => [id, number] as const)));
}
