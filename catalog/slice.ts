import Type from 'typebox';
import { compareCodePoints, kinds } from './kinds.ts';
import { deepFreeze, getEntry } from './load.ts';
import { canonicalJson, digestOf, parseLocked } from './lock.ts';
import { type Catalog, LockedCatalog } from './schema/catalog.ts';
import type { Service } from './schema/service.ts';
import type { Shard } from './shards.ts';

export interface CatalogSlice {
  service: string;
  /** Which part of the service's work it is, where that is split. */
  shard?: string;
  /** Of the slice alone: what the service does not read cannot change it. */
  digest: string;
  catalog: Partial<Catalog>;
}

/**
 * The kinds one service reads (its `reads`): of a sharded kind its shard's part, of topics its own. Throws a RangeError for an unknown
 * service.
 */
export function sliceOf(catalog: Catalog, serviceId: string, shard?: Shard): CatalogSlice {
  return sliceFor(getEntry(catalog, 'services', serviceId), catalog, shard);
}

/** As sliceOf, of a catalog that may hold nothing but what the service reads. */
export function sliceFor(
  { id, reads }: Pick<Service, 'id' | 'reads'>,
  catalog: Partial<Catalog>,
  shard?: Shard,
): CatalogSlice {
  const part: Partial<Catalog> = shard?.catalog ?? {};
  // Of the bus, what it writes and reads itself.
  const own = catalog.topics?.filter(({ producers, consumers }) => [...producers, ...consumers].includes(id));
  const all: Partial<Catalog> = { ...catalog, ...(own === undefined ? {} : { topics: own }), ...part };
  const slice: Partial<Catalog> = Object.fromEntries(reads.map((key) => [key, all[key]]));
  const named = { service: id, digest: digestOf(slice), catalog: slice };
  return shard === undefined ? named : { ...named, shard: shard.id };
}

/** The slice as JSON with an entry a line: a diff then shows the entry that changed, and not the whole. */
export function renderSlice({ service, shard, digest, catalog }: CatalogSlice): string {
  const lists = Object.entries(catalog)
    .sort(([a], [b]) => compareCodePoints(a, b))
    .map(([key, entries]) => {
      const lines = entries.map((entry: object) => `      ${canonicalJson(entry).trimEnd()}`);
      return `    ${JSON.stringify(key)}: [${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n    `}]`;
    });
  const parts = [
    `  "catalog": {\n${lists.join(',\n')}\n  }`,
    `  "digest": "${digest}"`,
    `  "service": "${service}"`,
    ...(shard === undefined ? [] : [`  "shard": "${shard}"`]),
  ];
  return `{\n${parts.join(',\n')}\n}\n`;
}

const PartialCatalog = Type.Partial(LockedCatalog, { additionalProperties: false });

/**
 * Reads a rendered slice back: its schema and digest are checked, and a kind the service does not read is an empty
 * list. Throws a CatalogError.
 */
export function parseSlice(text: string, file = 'slice.json'): { catalog: Catalog; digest: string } {
  const slice = parseLocked(file, text, PartialCatalog);
  const full = kinds.map(({ key }) => [key, slice[key] ?? []] as const);
  return { catalog: deepFreeze(Object.fromEntries(full) as unknown as Catalog), digest: digestOf(slice) };
}
