import { createHash } from 'node:crypto';
import type { Static, TSchema } from 'typebox';
import { compareCodePoints, getId, kinds } from './kinds.ts';
import { deepFreeze } from './load.ts';
import { CatalogError, type Problem } from './problem.ts';
import { type Catalog, LockedCatalog } from './schema/catalog.ts';
import { checkSchema } from './validate.ts';

/**
 * JSON that depends on the value alone: object keys sorted by code point, lists as they are (the loader sorts entries
 * by id), `\n` at the end. A key whose value is undefined is left out; what JSON cannot hold throws a TypeError.
 */
export function canonicalJson(value: unknown): string {
  return `${write(value)}\n`;
}

/** `sha256:<64 hex digits>` of the canonical JSON. */
export function digestOf(value: unknown): string {
  return `sha256:${createHash('sha256').update(canonicalJson(value)).digest('hex')}`;
}

/** The catalog as one file, an entry a line so that a diff shows what changed; the digest is of the catalog alone. */
export function renderLock(catalog: Catalog): { text: string; digest: string } {
  const sorted = sortedCatalog(catalog);
  const digest = digestOf(sorted);
  const lists = Object.keys(sorted)
    .sort(compareCodePoints)
    .map((key) => {
      const entries: readonly object[] = sorted[key as keyof Catalog];
      const lines = entries.map((entry) => `      ${write(entry)}`);
      return `    ${JSON.stringify(key)}: [${lines.length === 0 ? '' : `\n${lines.join(',\n')}\n    `}]`;
    });
  return { text: `{\n  "catalog": {\n${lists.join(',\n')}\n  },\n  "digest": "${digest}"\n}\n`, digest };
}

/** Reads a lock file back. Throws a CatalogError if it is no lock, was edited by hand, or is of another schema. */
export function parseLock(text: string, file = 'catalog.lock.json'): Catalog {
  const { topics = [], components = [], ...locked } = parseLocked(file, text, LockedCatalog);
  return deepFreeze({ ...locked, topics, components });
}

/** A JSON file `{ catalog, digest }` whose catalog fits the schema and whose digest is that catalog's. */
export function parseLocked<S extends TSchema>(file: string, text: string, schema: S): Static<S> {
  const refuse = (message: string): never => {
    const fix = 'write it anew: it is generated, never edited';
    const problem: Problem = { file, line: 1, col: 1, code: 'CAT006', message, fix, severity: 'error' };
    throw new CatalogError([problem]);
  };
  let locked: unknown;
  try {
    locked = JSON.parse(text);
  } catch {
    return refuse('the file is no JSON');
  }
  const part = (key: string): unknown =>
    typeof locked === 'object' && locked !== null ? Reflect.get(locked, key) : undefined;
  const catalog = part('catalog');
  const errors = checkSchema(schema, catalog);
  const [first] = errors;
  if (first !== undefined) {
    const at = first.path.length === 0 ? '' : `${first.path.join('.')}: `;
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    return refuse(`it does not fit today's schema: ${at}${first.message}${more}`);
  }
  const digest = part('digest');
  const actual = digestOf(catalog);
  if (digest !== actual) return refuse(`it states digest ${String(digest)}, but its content has ${actual}`);
  // The schema has just been checked.
  return catalog as Static<S>;
}

function sortedCatalog(catalog: Catalog): Catalog {
  const sorted = kinds.map(({ kind, key }) => {
    const entries: readonly object[] = catalog[key];
    return [key, [...entries].sort((a, b) => compareCodePoints(getId(kind, a), getId(kind, b)))] as const;
  });
  return Object.fromEntries(sorted) as unknown as Catalog;
}

/** The text of frozen values, such as catalog entries: they are written for every lock and slice that holds them. */
const written = new WeakMap<object, string>();

function write(value: unknown): string {
  if (typeof value !== 'object' || value === null || !Object.isFrozen(value)) return writeAnew(value);
  const known = written.get(value);
  if (known !== undefined) return known;
  const text = writeAnew(value);
  written.set(value, text);
  return text;
}

function writeAnew(value: unknown): string {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`${typeof value} has no canonical JSON`);
  const pairs = Object.entries(value)
    .filter(([, child]) => child !== undefined)
    .sort(([a], [b]) => compareCodePoints(a, b))
    .map(([key, child]) => `${JSON.stringify(key)}:${write(child)}`);
  return `{${pairs.join(',')}}`;
}
