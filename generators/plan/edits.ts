import { findId, kinds } from '../../catalog/kinds.ts';
import { renderDiff } from '../diff.ts';
import { sourcesAnnotation } from '../emit/manifest.ts';
import type { Json, JsonObject } from '../emit/yaml.ts';

/** A field that differs; undefined is "not there". */
interface ValueEdit {
  readonly type: 'value';
  /** `spec.template.spec.containers[chain-sync].image` */
  readonly path: string;
  readonly before?: Json;
  readonly after?: Json;
}

/** A text of lines that differs, as lines of a diff. */
interface LinesEdit {
  readonly type: 'lines';
  readonly path: string;
  readonly lines: readonly string[];
}

/** A catalog entry that differs, in a lock or in the slice that a ConfigMap holds. */
export interface EntryEdit {
  readonly type: 'entry';
  /** The field that holds the slice; empty for a lock. */
  readonly path: string;
  /** `network/base` */
  readonly entry: string;
  readonly kind: 'added' | 'changed' | 'removed';
  /** Of a changed entry. */
  readonly edits: readonly Edit[];
}

export type Edit = ValueEdit | LinesEdit | EntryEdit;

/** What differs between two values, field by field. Empty if and only if they are equal. */
export function diffValues(before: Json | undefined, after: Json | undefined, path = ''): Edit[] {
  if (before === after) return [];
  if (isMapping(before) && isMapping(after)) return diffMappings(before, after, path);
  if (isList(before) && isList(after)) return diffLists(before, after, path);
  if (typeof before === 'string' && typeof after === 'string') return diffTexts(before, after, path);
  return [valueEdit(path, before, after)];
}

/** The entries that differ between two catalogs in JSON form, whole or a slice; what is no entry is passed over. */
export function diffCatalogs(before: JsonObject, after: JsonObject, path = ''): EntryEdit[] {
  const [old, fresh] = [entriesOf(before), entriesOf(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])].sort().flatMap((entry): EntryEdit[] => {
    const [a, b] = [old.get(entry), fresh.get(entry)];
    if (a === undefined) return [{ type: 'entry', path, entry, kind: 'added', edits: [] }];
    if (b === undefined) return [{ type: 'entry', path, entry, kind: 'removed', edits: [] }];
    const edits = diffValues(a, b);
    return edits.length === 0 ? [] : [{ type: 'entry', path, entry, kind: 'changed', edits }];
  });
}

/** The entries of a catalog in JSON form, by `network/base`. */
export function entriesOf(catalog: JsonObject): Map<string, JsonObject> {
  const entries = new Map<string, JsonObject>();
  for (const { kind, key } of kinds) {
    const list = catalog[key];
    for (const entry of isList(list) ? list : []) {
      const id = findId(kind, entry);
      if (id !== undefined && isMapping(entry)) entries.set(`${kind}/${id}`, entry);
    }
  }
  return entries;
}

/** The catalog that a lock or slice holds; undefined if the text is neither. */
export function catalogOf(text: string): JsonObject | undefined {
  const value = parseJson(text);
  return isMapping(value) && isMapping(value.catalog) ? value.catalog : undefined;
}

function diffMappings(before: JsonObject, after: JsonObject, path: string): Edit[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) =>
    // The ids that an object came from are a set, kept as lines.
    key === sourcesAnnotation
      ? diffSources(before[key], after[key])
      : diffValues(before[key], after[key], pathOf(path, key)),
  );
}

function diffSources(before: Json | undefined, after: Json | undefined): Edit[] {
  const edits = diffSets(linesOf(before), linesOf(after), 'sources');
  return edits.length > 0 || isSame(before, after) ? edits : [valueEdit('sources', before, after)];
}

function linesOf(value: Json | undefined): string[] {
  return typeof value === 'string' ? value.split('\n') : [];
}

/** What tells the items of a Kubernetes list apart, and those of our own. */
const itemKeys = ['name', 'id', 'symbol', 'key', 'alert', 'record', 'mountPath', 'ip', 'kind'];

function diffLists(before: readonly Json[], after: readonly Json[], path: string): Edit[] {
  const items = [...before, ...after];
  const key = itemKeys.find((candidate) => isKeyed(before, candidate) && isKeyed(after, candidate));
  if (key !== undefined) {
    const edits = diffKeyed(before, after, key, path);
    return edits.length > 0 || isSame(before, after) ? edits : [valueEdit(path, before, after)];
  }
  if (items.every((item) => typeof item !== 'object' || item === null)) {
    const edits = diffSets(before.map(jsonOf), after.map(jsonOf), path);
    return edits.length > 0 || isSame(before, after) ? edits.map(parsed) : [valueEdit(path, before, after)];
  }
  const [gone, come] = [without(before, after), without(after, before)];
  if (gone.length === 0 && come.length === 0) return isSame(before, after) ? [] : [valueEdit(path, before, after)];
  if (before.length === after.length && gone.length === come.length) {
    // An item changed where it stands.
    const places = before.flatMap((item, index) => (isSame(item, after[index]) ? [] : [index]));
    return places.flatMap((index) => diffValues(before[index], after[index], `${path}[${index}]`));
  }
  return [
    ...gone.map((item) => valueEdit(`${path}[]`, item, undefined)),
    ...come.map((item) => valueEdit(`${path}[]`, undefined, item)),
  ];
}

function diffKeyed(before: readonly Json[], after: readonly Json[], key: string, path: string): Edit[] {
  const byKey = (list: readonly Json[]): Map<string, Json> =>
    new Map(list.map((item) => [keyOf(item, key) ?? '', item]));
  const [old, fresh] = [byKey(before), byKey(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .sort()
    .flatMap((name) => diffValues(old.get(name), fresh.get(name), `${path}[${name}]`));
}

function isKeyed(list: readonly Json[], key: string): boolean {
  const names = list.map((item) => keyOf(item, key));
  return names.every((name) => name !== undefined) && new Set(names).size === names.length && list.length > 0;
}

function keyOf(item: Json, key: string): string | undefined {
  const name = isMapping(item) ? item[key] : undefined;
  return typeof name === 'string' ? name : undefined;
}

/** Items that come or go; how often one stands there counts, its place does not. */
function diffSets(before: readonly string[], after: readonly string[], path: string): ValueEdit[] {
  return [
    ...without(before, after).map((item) => valueEdit(`${path}[]`, item, undefined)),
    ...without(after, before).map((item) => valueEdit(`${path}[]`, undefined, item)),
  ];
}

/** The items of a list that another has fewer of. */
function without<T extends Json>(list: readonly T[], others: readonly T[]): T[] {
  const left = new Map<string, number>();
  for (const item of others) left.set(jsonOf(item), (left.get(jsonOf(item)) ?? 0) + 1);
  return list.filter((item) => {
    const count = left.get(jsonOf(item)) ?? 0;
    left.set(jsonOf(item), count - 1);
    return count <= 0;
  });
}

function diffTexts(before: string, after: string, path: string): Edit[] {
  const [old, fresh] = [parseJson(before), parseJson(after)];
  const edits = isMapping(old) && isMapping(fresh) ? diffDocuments(old, fresh, path) : [];
  if (edits.length > 0) return edits;
  if (!before.includes('\n') && !after.includes('\n')) return [valueEdit(path, before, after)];
  return [{ type: 'lines', path, lines: renderDiff(before, after) }];
}

/** Two JSON documents in a ConfigMap. Of a slice the entries are shown; its digest follows from them. */
function diffDocuments(before: JsonObject, after: JsonObject, path: string): Edit[] {
  if (!isMapping(before.catalog) || !isMapping(after.catalog)) return diffMappings(before, after, path);
  const { catalog: oldCatalog, ...oldRest } = before;
  const { catalog: freshCatalog, ...freshRest } = after;
  const keys = new Set<string>(kinds.map(({ key }) => key));
  const others = (catalog: JsonObject) => Object.fromEntries(Object.entries(catalog).filter(([key]) => !keys.has(key)));
  const entries: Edit[] = [
    ...diffCatalogs(oldCatalog, freshCatalog, path),
    ...diffMappings(others(oldCatalog), others(freshCatalog), pathOf(path, 'catalog')),
  ];
  const isTold = entries.length > 0;
  const rest = isTold
    ? diffMappings({ ...oldRest, digest: undefined }, { ...freshRest, digest: undefined }, path)
    : diffMappings(before, after, path);
  return [...entries, ...rest];
}

/** Objects and lists alone: a quantity or a word is not looked at. */
function parseJson(text: string): Json | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parsed(edit: ValueEdit): ValueEdit {
  const { path, before, after } = edit;
  const fromJson = (text: Json | undefined) => (typeof text === 'string' ? JSON.parse(text) : undefined);
  return valueEdit(path, fromJson(before), fromJson(after));
}

function valueEdit(path: string, before: Json | undefined, after: Json | undefined): ValueEdit {
  return {
    type: 'value',
    path,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

/** Keys that hold dots or slashes stand in brackets: `metadata.annotations[argocd.argoproj.io/sync-wave]`. */
function pathOf(path: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** The same text for the same value, whatever the order of its keys. */
export function jsonOf(value: Json | undefined): string {
  if (isList(value)) return `[${value.map(jsonOf).join(',')}]`;
  if (!isMapping(value)) return JSON.stringify(value) ?? 'null';
  const pairs = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${jsonOf(value[key])}`);
  return `{${pairs.join(',')}}`;
}

export function isSame(a: Json | undefined, b: Json | undefined): boolean {
  return a === b || jsonOf(a) === jsonOf(b);
}

export function isMapping(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}
