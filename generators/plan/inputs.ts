import { parse } from 'yaml';
import { kinds } from '../../catalog/kinds.ts';
import type { JsonObject } from '../emit/yaml.ts';
import { findPoolOfLock, imagesPathOf, lockPathOf, settingsPathOf } from '../promotion/environment-files.ts';
import type { InputChanges } from './causes.ts';
import { catalogOf, diffCatalogs, diffValues, type Edit, type EntryEdit, entriesOf, isMapping } from './edits.ts';
import type { Tree } from './tree.ts';

/** The entries of an environment's lock, before and after. */
export interface Catalogs {
  readonly before: ReadonlyMap<string, JsonObject>;
  readonly after: ReadonlyMap<string, JsonObject>;
}

export function catalogsOf(before: Tree, after: Tree, environment: string): Catalogs {
  const entriesIn = (tree: Tree) => entriesOf(catalogOf(tree.get(lockPathOf(environment)) ?? '') ?? {});
  return { before: entriesIn(before), after: entriesIn(after) };
}

/** What changed of the catalog, the settings and the images of an environment. */
export function inputChangesOf(before: Tree, after: Tree, environment: string): InputChanges {
  const [settings, images] = [settingsPathOf(environment), imagesPathOf(environment)];
  return {
    entries: entriesBetween(lockPathsOf(environment, before, after).map((path) => sidesOf(path, before, after))),
    settings: before.get(settings) !== after.get(settings),
    shards: shardKinds(catalogsOf(before, after, environment)),
    images: imageNames(before.get(images), after.get(images)),
  };
}

/** `service/market-collector` → `pair`, before or after. */
function shardKinds({ before, after }: Catalogs): Map<string, string> {
  return new Map(
    [...before, ...after].flatMap(([entry, { shards }]) => {
      const kind = isMapping(shards) ? kinds.find(({ key }) => key === shards.of)?.kind : undefined;
      return kind === undefined || !entry.startsWith('service/') ? [] : [[entry, kind] as const];
    }),
  );
}

/** What a promotion would bring: how an environment's locks differ from the one that it is promoted from. */
export function entriesToCome(tree: Tree, environment: string, source: string): EntryEdit[] {
  const wanted = tree.get(lockPathOf(source));
  return entriesBetween(lockPathsOf(environment, tree).map((path) => [tree.get(path), wanted]));
}

/** The lock of a whole environment, and those of pools that are ahead of it. */
export function lockPathsOf(environment: string, ...trees: readonly Tree[]): string[] {
  const own = lockPathOf(environment);
  const paths = trees.flatMap((tree) => [...tree.keys()]).filter((path) => isLockOf(environment, path));
  return [...new Set([own, ...paths])];
}

function isLockOf(environment: string, path: string): boolean {
  return path.startsWith(`environments/${environment}/`) && findPoolOfLock(path) !== undefined;
}

/** A pool without a lock of its own is rendered from the whole environment's. */
function sidesOf(path: string, before: Tree, after: Tree): [string | undefined, string | undefined] {
  const whole = lockPathOf(path.split('/')[1] ?? '');
  return [before.get(path) ?? before.get(whole), after.get(path) ?? after.get(whole)];
}

function entriesBetween(sides: readonly (readonly [string | undefined, string | undefined])[]): EntryEdit[] {
  const edits = new Map(
    sides.flatMap(([old, fresh]) => lockEdits(old, fresh)).map((edit) => [`${edit.entry} ${edit.kind}`, edit]),
  );
  return [...edits].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, edit]) => edit);
}

/** The entries that differ between two locks. */
function lockEdits(before: string | undefined, after: string | undefined): EntryEdit[] {
  if (before === after) return [];
  return diffCatalogs(catalogOf(before ?? '') ?? {}, catalogOf(after ?? '') ?? {});
}

/** Names of the images that differ, in the environment or in a pool that is ahead of it. */
function imageNames(before: string | undefined, after: string | undefined): string[] {
  if (before === after) return [];
  const [old, fresh] = [imagesOf(before), imagesOf(after)];
  const names = new Set([...old.keys(), ...fresh.keys()]);
  const changed = [...names].filter((name) => diffValues(old.get(name), fresh.get(name)).length > 0);
  return [...new Set(changed.map((name) => name.split(' ').at(-1) ?? name))].sort();
}

/** By `defimon`, and by `market defimon` for a pool's own. */
function imagesOf(text: string | undefined): Map<string, JsonObject> {
  const { images, pools } = yamlOf(text) ?? {};
  const lists: (readonly [string, unknown])[] = [['', images], ...(isMapping(pools) ? Object.entries(pools) : [])];
  return new Map(
    lists.flatMap(([pool, list]) =>
      Object.entries(isMapping(list) ? list : {}).flatMap(([name, image]) =>
        isMapping(image) ? [[`${pool} ${name}`, image] as const] : [],
      ),
    ),
  );
}

/** What differs in a file that is no object: a lock by its entries, YAML and JSON by their fields, all else by lines. */
export function diffFiles(path: string, before: string, after: string): Edit[] {
  if (/\/catalog\.([^/]+\.)?lock\.json$/.test(path)) return lockEdits(before, after);
  const [old, fresh] = path.endsWith('.json')
    ? [jsonMapping(before), jsonMapping(after)]
    : [yamlOf(before), yamlOf(after)];
  return old === undefined || fresh === undefined ? [] : diffValues(old, fresh);
}

function yamlOf(text: string | undefined): JsonObject | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = parse(text, { prettyErrors: false, logLevel: 'silent' });
    return isMapping(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function jsonMapping(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isMapping(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
