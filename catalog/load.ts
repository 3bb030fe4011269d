import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { compareCodePoints, findId, getId, type KindOfEntry, kinds } from './kinds.ts';
import { CatalogError, type Problem, sortProblems } from './problem.ts';
import { checkRules } from './rules.ts';
import type { Catalog } from './schema/catalog.ts';
import { schemaProblems } from './validate.ts';
import { createView, type Entry } from './view.ts';
import { type FileContent, type ParsedYaml, type Path, parseYaml } from './yaml.ts';

export { CatalogError, formatProblem, type Problem } from './problem.ts';
export type { Catalog } from './schema/catalog.ts';

/** A catalog's files in memory, by path below catalog/ with `/`: `networks/base.yaml`. `''` is the folder itself, if unreadable. */
export type CatalogFiles = ReadonlyMap<string, FileContent>;

export interface CatalogReading {
  /** Undefined as soon as there is one error. */
  catalog: Catalog | undefined;
  /** All of them, in order of place. */
  problems: Problem[];
  /** Where each entry is written, by `network/optimism`. */
  readonly sources: ReadonlyMap<string, { file: string; line: number; col: number }>;
}

/**
 * Reads and checks a catalog folder: all problems at once, each at its place. Never throws for content; a folder that
 * is not there is a problem like any other.
 */
export function readCatalog(dir: string, cache?: FileCache): CatalogReading {
  return parseCatalog(readCatalogFiles(dir), shownPath(dir), cache);
}

/** As readCatalog, but a catalog with an error is thrown as a CatalogError that names all of them. */
export function loadCatalog(dir: string): Catalog {
  const { catalog, problems } = readCatalog(dir);
  if (catalog === undefined) throw new CatalogError(problems);
  return catalog;
}

/** A path as problems show it: from the working directory if it is inside, whole otherwise; always with `/`. */
export function shownPath(path: string): string {
  const inside = relative(process.cwd(), path);
  return (inside.startsWith('..') ? path : inside || '.').split(sep).join('/');
}

/** The YAML files of a catalog folder. What cannot be read is in the map with its reason, to be reported at its place. */
export function readCatalogFiles(dir: string): CatalogFiles {
  const files = new Map<string, FileContent>();
  const walk = (below: string, depth: number): void => {
    let entries: { name: string; isDirectory(): boolean }[];
    try {
      entries = readdirSync(join(dir, below), { withFileTypes: true });
    } catch (error) {
      files.set(below, { unreadable: reasonOf(error) });
      return;
    }
    for (const entry of entries) {
      // Editors leave .swp files and the like while they save.
      if (entry.name.startsWith('.')) continue;
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      const isYaml = /\.ya?ml$/i.test(entry.name);
      if (entry.isDirectory() && !isYaml) {
        if (depth < 2 && path !== 'schema') walk(path, depth + 1);
        continue;
      }
      if (!isYaml) continue;
      try {
        files.set(path, readFileSync(join(dir, path)));
      } catch (error) {
        files.set(path, { unreadable: reasonOf(error) });
      }
    }
  };
  walk('', 0);
  return files;
}

/** What a file says by itself, kept until its content changes: whoever reads a catalog again and again passes one. */
export type FileCache = Map<string, { content: FileContent; reading: FileReading }>;

/** Checks a catalog held in memory; `root` is what its paths are shown under. */
export function parseCatalog(files: CatalogFiles, root = 'catalog', cache: FileCache = new Map()): CatalogReading {
  const problems: Problem[] = [];
  const entries: Entry[] = [];
  // Entries that exist but cannot be used: a reference to one is no second error.
  const broken = new Set<string>();
  const texts: FileReading['source'][] = [];

  const paths = [...files.keys()].sort(compareCodePoints);
  for (const kind of kinds.filter(({ layout }) => layout === 'file')) {
    if (!files.has(kind.at)) problems.push(misplaced(`${root}/${kind.at}`, 'the file is missing', 'restore it'));
  }
  const folder = files.get('');
  if (typeof folder === 'object' && 'unreadable' in folder) {
    const message = `the catalog folder cannot be read: ${folder.unreadable}`;
    return { catalog: undefined, problems: [misplaced(root, message, 'name another folder')], sources: new Map() };
  }
  for (const path of paths) {
    const file = root === '' ? path : `${root}/${path}`;
    const kind = kindOf(path);
    if (kind === undefined) {
      problems.push(misplaced(file, 'no entry is kept in this file', `${describeLayout()}, named <id>.yaml`));
      continue;
    }
    const reading = readFileOnce(kind, file, path, files.get(path) ?? '', cache);
    problems.push(...reading.problems);
    texts.push(reading.source);
    entries.push(...reading.entries);
    for (const id of reading.broken) broken.add(id);
  }

  problems.push(...checkRules(createView(entries, broken, texts)));
  const failed = problems.some(({ severity }) => severity === 'error');
  let sources: CatalogReading['sources'] | undefined;
  return {
    catalog: failed ? undefined : deepFreeze(collect(entries)),
    problems: sortProblems(problems),
    // Few ask for them, and a place costs a second, slower parse of its file.
    get sources() {
      sources ??= sourcesOf(entries);
      return sources;
    },
  };
}

function sourcesOf(entries: readonly Entry[]): CatalogReading['sources'] {
  return new Map(entries.map(({ kind, id, file, placeOf }) => [`${kind}/${id}`, { file, ...placeOf([]) }] as const));
}

function kindOf(path: string): KindOfEntry | undefined {
  return kinds.find(({ layout, at }) =>
    layout === 'file' ? path === at : path.startsWith(`${at}/`) && /^[^/]+\.yaml$/.test(path.slice(at.length + 1)),
  );
}

function describeLayout(): string {
  const folders = kinds.filter(({ layout }) => layout === 'folder').map(({ at }) => at);
  return `move it into one of ${folders.join(', ')}`;
}

function misplaced(file: string, message: string, fix: string): Problem {
  return { file, line: 1, col: 1, code: 'CAT005', message, fix, severity: 'error' };
}

interface FileReading {
  source: { file: string; text: string };
  problems: Problem[];
  entries: Entry[];
  /** `network/optimism` for each entry that is there but cannot be used. */
  broken: string[];
}

function readFileOnce(
  kind: KindOfEntry,
  file: string,
  path: string,
  content: FileContent,
  cache: FileCache,
): FileReading {
  const kept = cache.get(file);
  if (kept !== undefined && isSame(kept.content, content)) return kept.reading;
  const reading = readFile(kind, file, path, content);
  cache.set(file, { content, reading });
  return reading;
}

function isSame(a: FileContent, b: FileContent): boolean {
  return a === b || (a instanceof Uint8Array && b instanceof Uint8Array && Buffer.compare(a, b) === 0);
}

function readFile(kind: KindOfEntry, file: string, path: string, content: FileContent): FileReading {
  const parsed = parseYaml(file, content);
  const wrong = parsed.value === undefined ? [] : schemaProblems(file, kind.schema, parsed);
  const problems = [...parsed.problems, ...wrong.map(({ path: _, ...problem }) => problem)];
  const stem = path.replace(/^.*\//, '').replace(/\.yaml$/, '');
  const split = splitFile(kind, file, stem, parsed, wrong);
  const source = { file, text: parsed.text };
  if (split === undefined) return { source, problems, entries: [], broken: [`${kind.kind}/${stem}`] };
  const entries = split.filter(({ usable }) => usable).map(({ entry }) => entry);
  const broken = split
    .filter(({ usable }) => !usable)
    .flatMap(({ entry }) => [`${kind.kind}/${entry.id}`, `${kind.kind}/${entry.stem}`]);
  return { source, problems, entries, broken };
}

/**
 * A file's entries; undefined if it holds none at all. They get the type of their kind before it is known whether they have it: only usable ones have
 * passed the schema, and only those go on.
 */
function splitFile(
  kind: KindOfEntry,
  file: string,
  stem: string,
  parsed: ParsedYaml,
  wrong: readonly { path: Path }[],
): { entry: Entry; usable: boolean }[] | undefined {
  const { value, placeOf } = parsed;
  if (typeof value !== 'object' || value === null) return undefined;
  if (kind.lists.length === 0) {
    const id = findId(kind.kind, value) ?? stem;
    const entry = { kind: kind.kind, id, value, file, stem, isWholeFile: true, placeOf } as unknown as Entry;
    return [{ entry, usable: wrong.length === 0 }];
  }
  const shared = Object.fromEntries(kind.shared.map((key) => [key, Reflect.get(value, key) as unknown]));
  const inItem = (path: Path, list: string): boolean => path[0] === list && typeof path[1] === 'number';
  const allWrong = wrong.some(({ path }) => !kind.lists.some(({ list }) => inItem(path, list)));
  return kind.lists.flatMap(({ list, adds }) => {
    const items: unknown = Reflect.get(value, list);
    if (!Array.isArray(items)) return [];
    return items.flatMap((item: unknown, index) => {
      if (typeof item !== 'object' || item === null) return [];
      const merged = { ...adds, ...shared, ...item };
      const id = findId(kind.kind, merged);
      if (id === undefined) return [];
      const place = (path: Path, at?: 'value' | 'key') =>
        typeof path[0] === 'string' && kind.shared.includes(path[0]) && !Object.hasOwn(item, path[0])
          ? placeOf(path, at)
          : placeOf([list, index, ...path], at);
      const usable = !allWrong && !wrong.some(({ path }) => path[0] === list && path[1] === index);
      const entry = { kind: kind.kind, id, value: merged, file, stem, isWholeFile: false, placeOf: place };
      return [{ entry: entry as unknown as Entry, usable }];
    });
  });
}

function collect(entries: readonly Entry[]): Catalog {
  const catalog: Record<string, object[]> = {};
  for (const { kind, key } of kinds) {
    catalog[key] = entries
      .filter((entry) => entry.kind === kind)
      .sort((a, b) => compareCodePoints(a.id, b.id))
      .map(({ value }) => value);
  }
  // Each value has passed its file's schema, which is what makes it the type of its kind.
  return catalog as unknown as Catalog;
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}

/** Why the disk gave nothing, in words. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reasons: Record<string, string> = {
    ENOENT: 'it is not there',
    EISDIR: 'it is a directory',
    ENOTDIR: 'it is no directory',
    EACCES: 'permission denied',
    ELOOP: 'it is a link to itself',
  };
  return reasons[code] ?? (code || 'the disk refused');
}

/** The entry of a kind with this id; throws when there is none. */
export function getEntry<K extends keyof Catalog>(catalog: Catalog, key: K, id: string): Catalog[K][number] {
  const kind = kinds.find((one) => one.key === key)?.kind ?? 'network';
  const found = (catalog[key] as readonly Catalog[K][number][]).find((entry) => getId(kind, entry) === id);
  if (found === undefined) throw new RangeError(`the catalog has no ${kind} "${id}"`);
  return found;
}
