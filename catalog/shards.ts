import { createHash } from 'node:crypto';
import { compareCodePoints } from './kinds.ts';
import type { Catalog } from './schema/catalog.ts';
import type { Service } from './schema/service.ts';
import { type Tier, tierOf, tiers } from './tiers.ts';

/** One part of a service's work, done by a workload of its own that is given this slice and no other. */
export interface Shard {
  /** Part of the workload's name: `critical`, `critical-3`; `0` of pairs. */
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
 * Networks go by tier, so that a critical one never waits for others, and within it by halves; pairs that are in use by numbers; at
 * most `size` in each. An edited entry stays where it is, so its shard alone changes.
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
    return halve(ofTier, size, ({ id }) => id).map(({ number, items: networks }) => ({
      id: number === 0 ? tier : `${tier}-${number}`,
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
 * hundred pairs in fifties are just there. Of thousands, `halve` is the one to take: a border here is a moved item, and a hundred
 * buckets have ninety-nine.
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

/**
 * Spreads items over buckets of at most `size` by extendible hashing: one bucket holds all until they are too many, then half of its
 * items, by one more bit of their hash, go to a new one, and so on with each. A bucket keeps its number, and those that are left in it,
 * for as long as it is there. An added item so moves none, or half of one bucket to one new one, and no other bucket changes.
 * The price is room: buckets are some seven tenths full in the mean (half to nine tenths, as the number of items goes), so that
 * `size` should be what a bucket can bear, not what it should have. By number; within a bucket by id. None for no items.
 */
export function halve<T>(
  items: readonly T[],
  size: number,
  idOf: (item: T) => string,
): { readonly number: number; readonly items: T[] }[] {
  if (items.length === 0) return [];
  const ranked = items
    .map((item) => ({ item, id: idOf(item), rank: Number.parseInt(hashOf(idOf(item)).slice(0, rankDigits), 16) }))
    .sort((a, b) => compareCodePoints(a.id, b.id));
  const split = (those: typeof ranked, number: number, modulus: number): { number: number; items: T[] }[] => {
    if (those.length <= size || modulus >= 16 ** rankDigits) return [{ number, items: those.map(({ item }) => item) }];
    const stays = ({ rank }: (typeof ranked)[number]): boolean => rank % (2 * modulus) === number;
    return [
      ...split(those.filter(stays), number, 2 * modulus),
      ...split(
        those.filter((one) => !stays(one)),
        number + modulus,
        2 * modulus,
      ),
    ];
  };
  return split(ranked, 0, 1)
    .filter((bucket) => bucket.items.length > 0)
    .sort((a, b) => a.number - b.number);
}

/** Of the hash, in hexadecimal: 48 bits, of which a number keeps each. */
const rankDigits = 12;

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
