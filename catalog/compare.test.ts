import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareCatalogs, compareValues, type FieldChange, pathText } from './compare.ts';
import { loadCatalog } from './load.ts';
import { canonicalJson } from './lock.ts';
import type { Catalog } from './schema/catalog.ts';
import type { Network } from './schema/network.ts';

const catalog = loadCatalog(join(import.meta.dirname));

describe(compareCatalogs.name, () => {
  it('finds nothing between a catalog and itself, read twice', () => {
    const copy: Catalog = JSON.parse(JSON.stringify(catalog));

    expect(compareCatalogs(catalog, copy)).toEqual({ added: [], changed: [], removed: [] });
  });

  it('names what was added, removed and changed, by kind and id', () => {
    const [first, second, ...others] = catalog.networks;
    const renamed = { ...second, name: 'Another' } as Network;
    const newest = { ...first, id: 'zz_newest' } as Network;
    const after = { ...catalog, networks: [renamed, ...others, newest], owners: [] };

    const { added, changed, removed } = compareCatalogs(catalog, after);

    expect(added).toEqual([{ kind: 'network', id: 'zz_newest' }]);
    expect(changed).toEqual([
      {
        kind: 'network',
        id: second?.id,
        fields: [{ path: ['name'], before: second?.name, after: 'Another' }],
      },
    ]);
    expect(removed).toEqual([
      { kind: 'network', id: first?.id },
      ...catalog.owners.map(({ id }) => ({ kind: 'owner', id })),
    ]);
  });

  it('says the opposite when asked the other way round, whatever of the catalog is taken out or changed', () => {
    fc.assert(
      fc.property(partOfCatalog(), partOfCatalog(), (before, after) => {
        const there = compareCatalogs(before, after);
        const back = compareCatalogs(after, before);
        expect(there.added).toEqual(back.removed);
        expect(there.removed).toEqual(back.added);
        expect(there.changed.map(({ id }) => id)).toEqual(back.changed.map(({ id }) => id));
        const isEqual = canonicalJson(before) === canonicalJson(after);
        expect(there.added.length + there.changed.length + there.removed.length === 0).toBe(isEqual);
      }),
      { numRuns: 50 },
    );
  });
});

describe(compareValues.name, () => {
  it('follows items of a list by their key, and takes a list as a whole where its order changed', () => {
    const one = { url: 'https://a', requestsPerSecond: 5 };
    const other = { url: 'https://b' };

    expect(compareValues({ rpc: [one, other] }, { rpc: [{ ...one, requestsPerSecond: 6 }] }).map(shown)).toEqual([
      'rpc[https://a].requestsPerSecond: 5 -> 6',
      'rpc[https://b]: {"url":"https://b"} -> undefined',
    ]);
    expect(compareValues({ rpc: [one, other] }, { rpc: [other, one] }).map(({ path }) => path)).toEqual([['rpc']]);
    expect(compareValues({ networks: ['a'] }, { networks: ['a', 'b'] }).map(({ path }) => path)).toEqual([
      ['networks'],
    ]);
  });

  it('tells every difference and no other: written over the first value, it gives the second', () => {
    fc.assert(
      fc.property(entry(), entry(), (before, after) => {
        const changes = compareValues(before, after);
        expect(changes.length === 0).toBe(canonicalJson(before) === canonicalJson(after));
        const written = changes.reduce<unknown>(write, before);
        expect(canonicalJson(inOneOrder(written))).toBe(canonicalJson(inOneOrder(after)));
        for (const { path, before: old } of changes) expect(read(before, path)).toEqual(old);
      }),
      { numRuns: 200 },
    );
  });
});

function shown({ path, before, after }: FieldChange): string {
  return `${pathText(path)}: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`;
}

/** Some of the real catalog's entries, one property of some of them changed. */
function partOfCatalog(): fc.Arbitrary<Catalog> {
  const some = <T extends object>(entries: readonly T[]) =>
    fc
      .tuple(fc.subarray([...entries]), fc.boolean())
      .map(([those, isChanged]) => (isChanged ? those.map((one) => ({ ...one, name: 'changed' })) : those));
  return fc
    .record({ networks: some(catalog.networks.slice(0, 6)), services: some(catalog.services.slice(0, 4)) })
    .map((kinds) => ({ ...catalog, ...kinds }));
}

/** Values that entries are made of: objects, lists of keyed objects, lists of words. */
function entry(): fc.Arbitrary<unknown> {
  const word = fc.constantFrom('a', 'b', 'c', 'd');
  const scalar = fc.oneof(word, fc.integer({ min: 0, max: 3 }), fc.boolean());
  const item = fc.record({ name: word, weight: scalar }, { requiredKeys: ['name'] });
  return fc.dictionary(
    word,
    fc.oneof(
      scalar,
      fc.array(word, { maxLength: 3 }),
      fc.uniqueArray(item, { maxLength: 4, selector: ({ name }) => name }),
      fc.dictionary(word, scalar, { maxKeys: 3 }),
    ),
    { maxKeys: 4 },
  );
}

function read(value: unknown, [part, ...rest]: readonly string[]): unknown {
  if (part === undefined || value === undefined) return value;
  if (Array.isArray(value))
    return read(
      value.find((one) => `[${one.name}]` === part),
      rest,
    );
  return read(Reflect.get(Object(value), part), rest);
}

function write(value: unknown, { path: [part, ...rest], after }: FieldChange): unknown {
  if (part === undefined) return after;
  if (Array.isArray(value)) {
    const others = value.filter((one) => `[${one.name}]` !== part);
    const old = value.find((one) => `[${one.name}]` === part);
    const fresh = write(old, { path: rest, before: undefined, after });
    return fresh === undefined ? others : [...others, fresh];
  }
  const object: Record<string, unknown> = { ...Object(value) };
  const fresh = write(object[part], { path: rest, before: undefined, after });
  if (fresh === undefined) delete object[part];
  else object[part] = fresh;
  return object;
}

/** Where a new item stands among old ones is no field. */
function inOneOrder(value: unknown): unknown {
  if (Array.isArray(value)) {
    const isKeyed = value.every((one) => typeof one === 'object');
    return isKeyed ? [...value].sort((a, b) => (a.name < b.name ? -1 : 1)) : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, inOneOrder(child)]));
}
