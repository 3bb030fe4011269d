import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Catalog, CatalogError, type CatalogFiles, parseCatalog } from './load.ts';
import { canonicalJson, digestOf, parseLock, renderLock } from './lock.ts';
import { smallCatalog } from './testing/small-catalog.ts';

describe(renderLock.name, () => {
  it('gives the same bytes whatever the order of files and keys, and the line ends', () => {
    const lock = renderLock(catalogOf(new Map(Object.entries(smallCatalog))));
    const paths = Object.keys(smallCatalog);
    fc.assert(
      fc.property(
        fc.shuffledSubarray(paths, { minLength: paths.length }),
        fc.infiniteStream(fc.nat()),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.boolean(),
        (order, numbers, lineEnd, mark) => {
          const files = order.map((path): [string, string] => {
            const text = shuffleTopKeys(smallCatalog[path] ?? '', numbers).replaceAll('\n', lineEnd);
            return [path, `${mark ? '\uFEFF' : ''}${text}`];
          });
          expect(renderLock(catalogOf(new Map(files)))).toEqual(lock);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('writes an entry a line, sorted by id', () => {
    const { text } = renderLock(small());
    const ids = text
      .split('\n')
      .flatMap((line) => (/^ {6}\{.*"settlement"/.test(line) ? [/"id":"(\w+)"/.exec(line)?.[1]] : []));
    expect(ids).toEqual(['alpha', 'beta', 'delta', 'gamma']);
    expect(text.endsWith('}\n')).toBe(true);
  });

  it('has another digest as soon as one value differs', () => {
    const changed = new Map(Object.entries(smallCatalog));
    changed.set(
      'networks/alpha.yaml',
      (changed.get('networks/alpha.yaml') ?? '').replace('priority: 8', 'priority: 9'),
    );
    expect(renderLock(catalogOf(changed)).digest).not.toBe(renderLock(small()).digest);
  });
});

describe(parseLock.name, () => {
  it('gives back the catalog that was locked', () => {
    const { text, digest } = renderLock(small());
    expect(parseLock(text)).toEqual(small());
    expect(renderLock(parseLock(text))).toEqual({ text, digest });
    expect(Object.isFrozen(parseLock(text).networks[0])).toBe(true);
  });

  const tampered: [what: string, from: RegExp, to: string, message: RegExp][] = [
    ['a changed value', /"priority":8/, '"priority":9', /it states digest sha256:.*, but its content has sha256:/],
    ['a changed digest', /sha256:./, 'sha256:_', /it states digest sha256:_/],
    ['a missing digest', /,\n {2}"digest": .*/, '', /it states digest undefined/],
    [
      'an unknown property',
      /"chainId"/,
      '"chianId"',
      /does not fit today's schema: networks\.0\.chianId: unknown property "chianId"/,
    ],
    ['a missing kind', /"owners"/, '"ownres"', /does not fit today's schema: "owners" is missing/],
    ['no JSON', /\{/, '', /the file is no JSON/],
    ['a list', /.*/s, '[]', /does not fit today's schema/],
    ['a null', /.*/s, 'null', /does not fit today's schema/],
  ];
  it.each(tampered)('refuses %s', (_what, from, to, message) => {
    const text = renderLock(small()).text.replace(from, to);
    expect(() => parseLock(text, 'environments/production/catalog.lock.json')).toThrow(CatalogError);
    expect(() => parseLock(text, 'environments/production/catalog.lock.json')).toThrow(message);
  });
});

describe(canonicalJson.name, () => {
  it('depends on the value alone, not on the order of its keys', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()),
        fc.infiniteStream(fc.nat()),
        (value, numbers) => {
          const shuffled = Object.fromEntries(shuffle(Object.entries(value), numbers));
          expect(canonicalJson(shuffled)).toBe(canonicalJson(value));
          expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
        },
      ),
    );
  });

  it('sorts keys by code point, beyond the first plane too', () => {
    expect(canonicalJson({ '\u{1F600}': 1, '\uFF5E': 2, b: 3, a: 4, Z: 5 })).toBe(
      '{"Z":5,"a":4,"b":3,"\uFF5E":2,"\u{1F600}":1}\n',
    );
  });

  it('leaves out what is undefined and refuses what JSON cannot hold', () => {
    expect(canonicalJson({ a: undefined, b: null })).toBe('{"b":null}\n');
    for (const value of [1n, Number.NaN, Number.POSITIVE_INFINITY, () => 1, Symbol('a')]) {
      expect(() => canonicalJson({ value })).toThrow(TypeError);
    }
  });
});

describe(digestOf.name, () => {
  it('is the SHA-256 of the canonical JSON', () => {
    // printf '{"a":1}\n' | sha256sum
    expect(digestOf({ a: 1 })).toBe('sha256:e346432021b04179518d9614f3560ccd71354a4ee101ddcb893d6959a9d6301c');
  });
});

function small(): Catalog {
  return catalogOf(new Map(Object.entries(smallCatalog)));
}

function catalogOf(files: CatalogFiles): Catalog {
  const { catalog, problems } = parseCatalog(files);
  if (catalog === undefined) throw new CatalogError(problems);
  return catalog;
}

/** The same YAML with its top-level keys in another order. */
function shuffleTopKeys(text: string, numbers: Iterator<number>): string {
  const blocks = text.split(/\n(?=[a-zA-Z])/).map((block) => block.replace(/\n+$/, ''));
  return `${shuffle(blocks, numbers).join('\n')}\n`;
}

function shuffle<T>(items: readonly T[], numbers: Iterator<number>): T[] {
  const left = [...items];
  const shuffled: T[] = [];
  while (left.length > 0) shuffled.push(...left.splice((numbers.next().value ?? 0) % left.length, 1));
  return shuffled;
}
