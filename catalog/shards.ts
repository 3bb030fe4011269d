import { createHash } from 'node:crypto';
import { compareCodePoints } from './kinds.ts';
import type { Catalog } from './schema/catalog.ts';
import type { Service } from './schema/service.ts';
import { type Tier, tierOf, tiers } from './tiers.ts';

/** One part of a service's work, done by a workload of its own that is given this slice and no other. */
export interface Shard {
  /** Part of the workload's name: `critical`, `0`. */
  readonly id: string;
  readonly tier: Tier;
  /** What it holds of the sharded kind. */
  readonly catalog: Pick<Catalog, 'networks'> | Pick<Catalog, 'pairs'>;
}

/**
 * The shards of a service; none if it is not sharded.
 *
 * Networks go by tier, so that a critical one never waits for others, and pairs that are in use by numbers; at most
 * `size` in each. An edited entry stays where it is, so its shard alone changes; an added one moves few others.
 */
export function shardsOf({ shards }: Pick<Service, 'shards'>, catalog: Catalog): Shard[] {
  if (shards === undefined) return [];
  const { size } = shards;
  if (shards.of === 'pairs') {
    const used = catalog.pairs.filter(({ status }) => status !== 'retired');
    return spread(used, size, ({ symbol }) => symbol).map((pairs, index) => ({
      id: String(index),
      tier: 'critical',
      catalog: { pairs },
    }));
  }
  return tiers.flatMap((tier) => {
    const ofTier = catalog.networks.filter((network) => tierOf(network) === tier);
    return spread(ofTier, size, ({ id }) => id).map((networks, index) => ({
      id: index === 0 ? tier : `${tier}-${index}`,
      tier,
      catalog: { networks },
    }));
  });
}

/**
 * Spreads items over as few buckets of at most `size` as there must be, by rendezvous hashing: each item goes to the
 * bucket it likes best that has room, and asks in an order of its own. Order within a bucket is by id.
 */
export function spread<T>(items: readonly T[], size: number, idOf: (item: T) => string): T[][] {
  const buckets = Array.from({ length: Math.ceil(items.length / size) }, (): T[] => []);
  const asking = items
    .map((item) => ({ item, turn: hashOf(idOf(item)) }))
    .sort((a, b) => compareCodePoints(a.turn, b.turn));
  for (const { item } of asking) {
    const [best] = buckets
      .map((bucket, index) => ({ bucket, liking: hashOf(`${idOf(item)} ${index}`) }))
      .filter(({ bucket }) => bucket.length < size)
      .sort((a, b) => compareCodePoints(b.liking, a.liking));
    best?.bucket.push(item);
  }
  for (const bucket of buckets) bucket.sort((a, b) => compareCodePoints(idOf(a), idOf(b)));
  return buckets;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
