import { describe, expect, it } from 'vitest';
import { type Catalog, CatalogError, parseCatalog } from './load.ts';
import { shardsOf } from './shards.ts';
import { parseSlice, renderSlice, sliceFor, sliceOf } from './slice.ts';
import { smallCatalog, smallCatalogWith } from './testing/small-catalog.ts';

describe(sliceOf.name, () => {
  it('holds what the service reads, and nothing else', () => {
    expect(Object.keys(sliceOf(small(), 'chain-sync').catalog)).toEqual(['networks', 'topics']);
    expect(Object.keys(sliceOf(small(), 'api').catalog)).toEqual(['networks', 'pairs', 'topics']);
  });

  it('is not touched by a change of what the service does not read', () => {
    const changed = catalogWith('pairs/defi.yaml', "stepSize: '0.01'", "stepSize: '0.02'");
    expect(sliceOf(changed, 'chain-sync').digest).toBe(sliceOf(small(), 'chain-sync').digest);
    expect(sliceOf(changed, 'api').digest).not.toBe(sliceOf(small(), 'api').digest);
  });

  it('changes with what the service reads', () => {
    const changed = catalogWith('networks/alpha.yaml', 'priority: 8', 'priority: 9');
    expect(sliceOf(changed, 'chain-sync').digest).not.toBe(sliceOf(small(), 'chain-sync').digest);
  });

  it('throws for a service that is not there', () => {
    expect(() => sliceOf(small(), 'chain-snyc')).toThrow('the catalog has no service "chain-snyc"');
  });
});

describe(sliceFor.name, () => {
  it('needs no more of the catalog than what the service reads', () => {
    const { networks, topics } = small();
    const service = { id: 'chain-sync', reads: ['networks' as const, 'topics' as const] };
    expect(sliceFor(service, { networks, topics })).toEqual(sliceOf(small(), 'chain-sync'));
  });

  it('holds the topics that the service writes or reads, and no other', () => {
    const { topics } = small();
    const [topic] = topics;
    if (topic === undefined) throw new Error('the small catalog has a topic');
    const others = { ...topic, id: 'social.messages', producers: ['social'], consumers: [] };
    const all = { ...small(), topics: [topic, others] };
    expect(sliceOf(all, 'chain-sync').catalog.topics).toEqual([topic]);
    expect(sliceOf(all, 'chain-sync').digest).toBe(sliceOf(small(), 'chain-sync').digest);
  });

  it("holds a shard's part, and tells which it is", () => {
    const service = { id: 'chain-sync', reads: ['networks' as const] };
    const [shard] = shardsOf({ shards: { of: 'networks', size: 1 } }, small());
    const slice = sliceFor(service, small(), shard);
    expect(slice.catalog.networks).toHaveLength(1);
    expect(slice.shard).toBe(shard?.id);
    expect(parseSlice(renderSlice(slice)).digest).toBe(slice.digest);
  });
});

describe(parseSlice.name, () => {
  it('gives back what was rendered, and an empty list for the rest', () => {
    const slice = sliceOf(small(), 'chain-sync');
    const { catalog, digest } = parseSlice(renderSlice(slice));
    expect(catalog).toEqual({ ...emptyCatalog, networks: small().networks, topics: small().topics });
    expect(digest).toBe(slice.digest);
  });

  it('refuses a slice that was changed by hand', () => {
    const text = renderSlice(sliceOf(small(), 'chain-sync')).replace('"priority":8', '"priority":7');
    expect(() => parseSlice(text, '/etc/defimon/catalog/slice.json')).toThrow(CatalogError);
    expect(() => parseSlice(text, '/etc/defimon/catalog/slice.json')).toThrow(
      /slice\.json:1:1 CAT006 it states digest/,
    );
  });
});

const emptyCatalog: Catalog = {
  networks: [],
  pairs: [],
  channels: [],
  protocols: [],
  pools: [],
  services: [],
  plans: [],
  owners: [],
  machines: [],
  topics: [],
  components: [],
};

function small(): Catalog {
  return checked(new Map(Object.entries(smallCatalog)));
}

function catalogWith(file: string, from: string, to: string): Catalog {
  return checked(smallCatalogWith(file, [from, to]));
}

function checked(files: ReadonlyMap<string, string>): Catalog {
  const { catalog, problems } = parseCatalog(files);
  if (catalog === undefined) throw new CatalogError(problems);
  return catalog;
}
