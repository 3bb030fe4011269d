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

/** What shards are made of. */
type Divisible = Pick<Catalog, 'networks' | 'pairs'>;

/**
 * The shards of a service; none if it is not sharded.
 *
 * Networks go by tier, so that a critical one never waits for others, and pairs that are in use by numbers; at most
 * `size` in each. An edited entry stays where it is, so its shard alone changes.
 */
export function shardsOf({ shards }: Pick<Service, 'shards'>, catalog: Divisible): Shard[] {
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

/** The service at the size of all its shards together: for those who sum up what it asks of a pool. */
export function inShards(service: Service, catalog: Divisible): Service {
  if (service.shards === undefined) return service;
  const count = shardsOf(service, catalog).length;
  const { scaling } = service;
  return { ...service, scaling: { ...scaling, min: scaling.min * count, max: scaling.max * count } };
}

/**
 * Spreads items over as few buckets of at most `size` as there must be: in an order of their own, the hash of their id,
 * the first `size`, the next, and so on; within a bucket by id. The items of one bucket have nothing in common, so that
 * load is even. An added or removed item moves at most one item over each border between buckets.
 *
 * Rendezvous hashing moves fewer while there is room, but fifty of two hundred when one more bucket is needed; and two
 * hundred pairs in fifties are just there.
 */
export function spread<T>(items: readonly T[], size: number, idOf: (item: T) => string): T[][] {
  const inOrder = items
    .map((item) => ({ item, id: idOf(item), rank: hashOf(idOf(item)) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : 0));
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    inOrder
      .slice(index * size, (index + 1) * size)
      .sort((a, b) => compareCodePoints(a.id, b.id))
      .map(({ item }) => item),
  );
}

/** Asked for the same few hundred ids by every service, environment and rule. */
const hashes = new Map<string, string>();
const hashesMax = 100_000;

function hashOf(text: string): string {
  const known = hashes.get(text);
  if (known !== undefined) return known;
  const hash = createHash('sha256').update(text).digest('hex');
  if (hashes.size >= hashesMax) hashes.clear();
  hashes.set(text, hash);
  return hash;
}
