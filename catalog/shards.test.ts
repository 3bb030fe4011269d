import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { getEntry, parseCatalog } from './load.ts';
import type { Catalog } from './schema/catalog.ts';
import type { Network } from './schema/network.ts';
import type { Pair } from './schema/pair.ts';
import type { Service } from './schema/service.ts';
import { halve, inShards, shardsOf, spread } from './shards.ts';
import { smallCatalog } from './testing/small-catalog.ts';

describe(shardsOf.name, () => {
  it('puts every pair that is in use into one shard, and retired ones into none', () => {
    fc.assert(
      fc.property(pairLists, sizes, (pairs, size) => {
        const shards = shardsOf(byPairs(size), catalogOf(pairs));
        const used = pairs.filter(({ status }) => status !== 'retired').map(({ symbol }) => symbol);
        expect(shards.flatMap(symbolsOf).sort()).toEqual(used.sort());
        for (const shard of shards) expect(symbolsOf(shard).length).toBeLessThanOrEqual(size);
        expect(shards.length).toBe(Math.ceil(used.length / size));
      }),
    );
  });

  it('does not depend on the order of entries', () => {
    fc.assert(
      fc.property(shuffledPairs, sizes, ([pairs, shuffled], size) => {
        expect(shardsOf(byPairs(size), catalogOf(shuffled))).toEqual(shardsOf(byPairs(size), catalogOf(pairs)));
      }),
    );
  });

  it('changes the shard of an edited pair alone', () => {
    fc.assert(
      fc.property(pairLists, sizes, fc.nat(), (pairs, size, choice) => {
        const used = pairs.filter(({ status }) => status !== 'retired');
        const edited = used[choice % Math.max(1, used.length)];
        if (edited === undefined) return;
        const after = pairs.map((pair) => (pair === edited ? { ...pair, tickSize: '0.5' } : pair));
        const [before, now] = [pairs, after].map((list) => shardsOf(byPairs(size), catalogOf(list)));
        const changed = now?.filter((shard, index) => JSON.stringify(shard) !== JSON.stringify(before?.[index]));
        expect(changed?.map(({ id }) => id)).toEqual(
          now?.filter((shard) => symbolsOf(shard).includes(edited.symbol)).map(({ id }) => id),
        );
        expect(changed).toHaveLength(1);
      }),
    );
  });

  it('moves at most one pair over each border when one is added, and comes back when it is removed', () => {
    fc.assert(
      fc.property(pairLists, sizes, (pairs, size) => {
        const before = shardsOf(byPairs(size), catalogOf(pairs));
        const after = shardsOf(byPairs(size), catalogOf([...pairs, pairOf('ADDED')]));
        const moved = pairs.filter(({ symbol }) => shardOf(before, symbol) !== shardOf(after, symbol));
        expect(moved.length).toBeLessThanOrEqual(after.length - 1);
        for (const { symbol } of moved) {
          expect(Number(shardOf(after, symbol))).toBe(Number(shardOf(before, symbol)) + 1);
        }
      }),
    );
  });

  it('splits networks by tier, the one that matters most first, and a tier that is too large by numbers', () => {
    const networks = [networkOf('a', 10, 1), networkOf('b', 9, 1), networkOf('c', 6, 2), networkOf('d', 10, 3)];
    const catalog = { networks, pairs: [] };
    const idsOf = (size: number) =>
      shardsOf({ shards: { of: 'networks', size } }, catalog).map(({ id, tier, catalog: part }) => [
        id,
        tier,
        'networks' in part ? part.networks.map((network) => network.id) : [],
      ]);
    expect(idsOf(50)).toEqual([
      ['critical', 'critical', ['a', 'b']],
      ['standard', 'standard', ['c']],
      ['background', 'background', ['d']],
    ]);
    expect(idsOf(1).map(([id]) => String(id).replace(/-\d+$/, ''))).toEqual([
      'critical',
      'critical',
      'standard',
      'background',
    ]);
  });

  it('gives none to a service that is not sharded', () => {
    expect(shardsOf({}, catalogOf([pairOf('A')]))).toEqual([]);
  });
});

describe(inShards.name, () => {
  it('counts the replicas of all shards, and leaves a service without shards as it is', () => {
    const catalog = small();
    const api = getEntry(catalog, 'services', 'api');
    expect(inShards(api, catalog)).toBe(api);
    const sharded: Service = { ...api, shards: { of: 'pairs', size: 1 } };
    const shards = shardsOf(sharded, catalog).length;
    expect(shards).toBeGreaterThan(1);
    expect(inShards(sharded, catalog).scaling).toEqual({ min: 2 * shards, max: 4 * shards });
  });
});

describe(halve.name, () => {
  it('puts every item into one bucket, and no more than fit, whatever their order', () => {
    fc.assert(
      fc.property(idLists, sizes, (ids, size) => {
        const buckets = halve(ids, size, (id) => id);
        expect(buckets.flatMap(({ items }) => items).sort()).toEqual([...ids].sort());
        for (const { items } of buckets) expect(items.length).toBeLessThanOrEqual(size);
        expect(halve([...ids].reverse(), size, (id) => id)).toEqual(buckets);
      }),
    );
  });

  it('changes no bucket but that of an added item, and moves some of it to one new bucket at most', () => {
    fc.assert(
      fc.property(idLists, sizes, (ids, size) => {
        const before = bucketsOf(ids, size);
        const after = bucketsOf([...ids, 'added'], size);
        const moved = ids.filter((id) => before.get(id) !== after.get(id));
        expect(new Set(moved.map((id) => before.get(id))).size).toBeLessThanOrEqual(1);
        // Of a bucket that is full, what moves goes to numbers that were not there.
        for (const id of moved) expect([...before.values()]).not.toContain(after.get(id));
      }),
    );
  });

  it.each([500, 5_000])(
    'takes %i items in fifties with most of their room in use, and moves few as one is added',
    (count) => {
      const ids = Array.from({ length: count }, (_, index) => `network_${index}`);
      const buckets = halve(ids, 50, (id) => id);
      expect(buckets.length).toBeLessThan((2 * count) / 50);
      const before = bucketsOf(ids, 50);
      const movedBy = (added: string): number => {
        const after = bucketsOf([...ids, added], 50);
        return ids.filter((id) => before.get(id) !== after.get(id)).length;
      };
      const moves = Array.from({ length: 50 }, (_, index) => movedBy(`added_${index}`));
      expect(Math.max(...moves)).toBeLessThan(50);
      expect(moves.filter((moved) => moved === 0).length).toBeGreaterThan(40);
    },
  );
});

describe(spread.name, () => {
  it('fills every bucket but the last', () => {
    const items = Array.from({ length: 205 }, (_, index) => `item-${index}`);
    expect(spread(items, 50, (item) => item).map(({ length }) => length)).toEqual([50, 50, 50, 50, 5]);
  });

  it('puts neighbours by name into different buckets', () => {
    const items = Array.from({ length: 200 }, (_, index) => `item-${String(index).padStart(3, '0')}`);
    for (const bucket of spread(items, 50, (item) => item)) {
      const early = bucket.filter((item) => item < 'item-100').length;
      expect(early).toBeGreaterThan(10);
      expect(early).toBeLessThan(40);
    }
  });
});

const symbols = fc.uniqueArray(fc.stringMatching(/^[A-Z]{2,4}$/), { maxLength: 40 });
const pairLists = symbols.chain((names) =>
  fc.tuple(...names.map((name) => fc.boolean().map((used) => pairOf(name, used ? 'active' : 'retired')))),
);
const shuffledPairs = pairLists.chain((pairs) =>
  fc.tuple(fc.constant(pairs), fc.shuffledSubarray(pairs, { minLength: pairs.length, maxLength: pairs.length })),
);
const idLists = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { maxLength: 60 });
const sizes = fc.integer({ min: 1, max: 12 });

/** The bucket of each id. */
function bucketsOf(ids: readonly string[], size: number): Map<string, number> {
  const buckets = halve(ids, size, (id) => id);
  return new Map(buckets.flatMap(({ number, items }) => items.map((id) => [id, number] as const)));
}

function byPairs(size: number): Pick<Service, 'shards'> {
  return { shards: { of: 'pairs', size } };
}

function catalogOf(pairs: readonly Pair[]): Pick<Catalog, 'networks' | 'pairs'> {
  return { networks: [], pairs };
}

function symbolsOf({ catalog }: ReturnType<typeof shardsOf>[number]): string[] {
  return 'pairs' in catalog ? catalog.pairs.map(({ symbol }) => symbol) : [];
}

function shardOf(shards: ReturnType<typeof shardsOf>, symbol: string): string | undefined {
  return shards.find((shard) => symbolsOf(shard).includes(symbol))?.id;
}

function pairOf(symbol: string, status: Pair['status'] = 'active'): Pair {
  const [pair] = small().pairs;
  if (pair === undefined) throw new Error('the small catalog has pairs');
  return { ...pair, symbol, status };
}

function networkOf(id: string, priority: number, phase: number): Network {
  const [network] = small().networks;
  if (network === undefined) throw new Error('the small catalog has networks');
  return { ...network, id, priority, phase };
}

function small(): Catalog {
  const { catalog } = parseCatalog(new Map(Object.entries(smallCatalog)));
  if (catalog === undefined) throw new Error('the small catalog holds');
  return catalog;
}
