import { compareCodePoints, getId, type Kind, kinds } from './kinds.ts';
import { canonicalJson } from './lock.ts';
import type { Catalog } from './schema/catalog.ts';

/** Names an entry of a catalog. */
export interface EntryName {
  readonly kind: Kind;
  readonly id: string;
}

/** A field that differs; `undefined` is "not there". */
export interface FieldChange {
  /** `['rpc', '[https://mainnet.base.org]', 'requestsPerSecond']`: keys of objects, and items of lists in brackets. */
  readonly path: readonly string[];
  readonly before: unknown;
  readonly after: unknown;
}

export interface ChangedEntry extends EntryName {
  /** Never empty. */
  readonly fields: readonly FieldChange[];
}

/** What it takes to make one catalog of another; each list by kind, in the order of `kinds`, and by id. */
export interface CatalogComparison {
  readonly added: readonly EntryName[];
  readonly changed: readonly ChangedEntry[];
  readonly removed: readonly EntryName[];
}

/** Compares two catalogs entry by entry, and entries field by field. A kind that is missing holds nothing. */
export function compareCatalogs(before: Partial<Catalog>, after: Partial<Catalog>): CatalogComparison {
  const added: EntryName[] = [];
  const changed: ChangedEntry[] = [];
  const removed: EntryName[] = [];
  for (const { kind, key } of kinds) {
    const [old, fresh] = [byId(kind, before[key]), byId(kind, after[key])];
    for (const id of [...new Set([...old.keys(), ...fresh.keys()])].sort(compareCodePoints)) {
      const [a, b] = [old.get(id), fresh.get(id)];
      if (a === undefined) added.push({ kind, id });
      else if (b === undefined) removed.push({ kind, id });
      else {
        const fields = compareValues(a, b);
        if (fields.length > 0) changed.push({ kind, id, fields });
      }
    }
  }
  return { added, changed, removed };
}

/** What differs between two values of JSON, field by field. Empty if and only if they are equal. */
export function compareValues(before: unknown, after: unknown, path: readonly string[] = []): FieldChange[] {
  if (isSame(before, after)) return [];
  if (isObject(before) && isObject(after)) return compareObjects(before, after, path);
  if (Array.isArray(before) && Array.isArray(after)) {
    const items = itemsOf(before, after);
    if (items !== undefined) {
      return [...new Set([...items.before.keys(), ...items.after.keys()])].flatMap((key) =>
        compareValues(items.before.get(key), items.after.get(key), [...path, `[${key}]`]),
      );
    }
  }
  return [{ path, before, after }];
}

/** `rpc[https://mainnet.base.org].requestsPerSecond` */
export function pathText(path: readonly string[]): string {
  return path.reduce((text, part) => `${text}${text === '' || part.startsWith('[') ? '' : '.'}${part}`, '');
}

function byId(kind: Kind, entries: readonly object[] = []): Map<string, object> {
  return new Map(entries.map((entry) => [getId(kind, entry), entry]));
}

function compareObjects(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  path: readonly string[],
): FieldChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort(compareCodePoints);
  return keys.flatMap((key) => compareValues(valueAt(before, key), valueAt(after, key), [...path, key]));
}

/** What tells the items of our lists apart, the first that all of them have. */
const itemKeys = ['id', 'symbol', 'url', 'name', 'env', 'address', 'path', 'signature', 'kind', 'type'];

/**
 * The items of two lists by what tells them apart. Undefined where nothing does, or where the order of those in both differs:
 * then only the lists as a whole tell what changed.
 */
function itemsOf(before: readonly unknown[], after: readonly unknown[]) {
  for (const name of itemKeys) {
    const [old, fresh] = [keyed(before, name), keyed(after, name)];
    if (old === undefined || fresh === undefined) continue;
    const common = (items: ReadonlyMap<string, unknown>, others: ReadonlyMap<string, unknown>) =>
      JSON.stringify([...items.keys()].filter((key) => others.has(key)));
    // New ones stand anywhere, so where an old one went is told by those around it alone.
    return common(old, fresh) === common(fresh, old) ? { before: old, after: fresh } : undefined;
  }
  return undefined;
}

function keyed(items: readonly unknown[], name: string): Map<string, unknown> | undefined {
  const found = new Map<string, unknown>();
  for (const item of items) {
    const key = isObject(item) ? valueAt(item, name) : undefined;
    if (typeof key !== 'string' || found.has(key)) return undefined;
    found.set(key, item);
  }
  return found;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueAt(object: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Entries are mostly the same objects or of the same text: whole catalogs are compared in milliseconds. */
function isSame(before: unknown, after: unknown): boolean {
  if (before === after) return true;
  if (before === undefined || after === undefined) return false;
  return canonicalJson(before) === canonicalJson(after);
}
