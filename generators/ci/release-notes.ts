import { parseYaml } from '../../catalog/yaml.ts';
import type { Json } from '../emit/yaml.ts';
import { catalogOf, diffCatalogs, diffValues, type Edit, type EntryEdit } from '../plan/edits.ts';

/** The files of one environment that say what runs there, by their name: `catalog.lock.json`, `images.lock.yaml`. */
export type EnvironmentState = ReadonlyMap<string, string>;

/** Fields of a changed entry that a line names, before it only counts. */
const fieldsMax = 4;

const titles = { added: 'Added', changed: 'Changed', removed: 'Removed' } as const;

/**
 * What a promotion or rollback brought, as Markdown: the images, then the catalog's entries. Empty when nothing differs.
 *
 * @param charsMax Entries are counted and not listed when the list would be longer.
 */
export function renderReleaseNotes(before: EnvironmentState, after: EnvironmentState, charsMax: number): string {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  const images = names
    .filter((name) => name.endsWith('.yaml'))
    .flatMap((name) => diffValues(plainOf(before.get(name)), plainOf(after.get(name))).map(lineOf));
  const locks = names
    .filter((name) => name.endsWith('.lock.json'))
    .map((name) => ({ pool: poolOf(name), edits: diffLocks(before.get(name), after.get(name)) }))
    .filter(({ edits }) => edits.length > 0);
  const render = (list: (edits: readonly EntryEdit[]) => string[]): string =>
    [
      ...(images.length === 0 ? [] : ['## Images', '', ...images, '']),
      ...locks.flatMap(({ pool, edits }) => [
        pool === undefined ? '## Catalog' : `## Catalog of pool ${pool}`,
        '',
        ...list(edits),
      ]),
    ].join('\n');
  const whole = render(listEntries);
  return whole.length <= charsMax ? whole : render(countEntries);
}

function diffLocks(before: string | undefined, after: string | undefined): EntryEdit[] {
  return diffCatalogs(catalogOf(before ?? '') ?? {}, catalogOf(after ?? '') ?? {});
}

/** `ml` for `catalog.ml.lock.json`: a pool that was promoted ahead of the others. */
function poolOf(name: string): string | undefined {
  return /^catalog\.([^.]+)\.lock\.json$/.exec(name)?.[1];
}

function listEntries(edits: readonly EntryEdit[]): string[] {
  return byKind(edits).flatMap(([kind, found]) => [
    `### ${titles[kind]}`,
    '',
    ...found.map(({ entry, edits: fields }) => `- ${entry}${fields.length === 0 ? '' : `: ${fieldsOf(fields)}`}`),
    '',
  ]);
}

function countEntries(edits: readonly EntryEdit[]): string[] {
  const counts = byKind(edits).map(([kind, found]) => `${found.length} ${titles[kind].toLowerCase()}`);
  return [`Too many entries to list here: ${counts.join(', ')}. The commit shows them all.`, ''];
}

function byKind(edits: readonly EntryEdit[]): [EntryEdit['kind'], EntryEdit[]][] {
  return (['added', 'changed', 'removed'] as const)
    .map((kind): [EntryEdit['kind'], EntryEdit[]] => [kind, edits.filter((edit) => edit.kind === kind)])
    .filter(([, found]) => found.length > 0);
}

function fieldsOf(edits: readonly Edit[]): string {
  const paths = [...new Set(edits.map(({ path }) => path))];
  const more = paths.length - fieldsMax;
  return `${paths.slice(0, fieldsMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function lineOf(edit: Edit): string {
  if (edit.type !== 'value') return `- ${edit.path}`;
  return `- ${edit.path || 'all'}: ${textOf(edit.before)} → ${textOf(edit.after)}`;
}

function textOf(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

/** A file of the environment is checked where it is rendered; what cannot be read counts as nothing here. */
function plainOf(text: string | undefined): Json | undefined {
  const value = text === undefined ? undefined : parseYaml('images.lock.yaml', text).value;
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as Json);
}
