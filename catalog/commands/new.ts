import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { kinds } from '../kinds.ts';
import {
  type CatalogFiles,
  formatProblem,
  type Problem,
  parseCatalog,
  readCatalogFiles,
  reasonOf,
  shownPath,
} from '../load.ts';
import { suggest } from '../nearest.ts';
import { RefusalError, UsageError } from './arguments.ts';
import { count, printProblems } from './report.ts';
import { type Field, renderPair, type Template, templates, type Values } from './templates.ts';
import { ask, paint, renderTable, type Terminal } from './terminal.ts';

/** The names of all options that some kind takes. */
export const newOptions: readonly string[] = [
  ...new Set(templates.flatMap(({ fields }) => fields.map(({ name }) => name))),
];

/** The options of a kind, or the kinds. */
export function newHelp(wanted: string | undefined): string {
  const template = templates.find(({ kind }) => kind === wanted);
  if (template === undefined) {
    const kinds = templates.map(({ kind }) => kind).join('|');
    return `  npm run catalog -- new ${kinds} [options]\n\n"new <kind> --help" lists the options of a kind.\nplans.yaml, owners.yaml, topics.yaml, components.yaml and machines/ are edited by hand: "validate" checks them.\n`;
  }
  const rows = template.fields.map((field) => [
    `--${field.name}`,
    field.example,
    field.about,
    field.isRequired === undefined
      ? ''
      : field.isRequired(new Map([['kind', ['evm']]]))
        ? 'required'
        : 'sometimes required',
  ]);
  const many = template.fields.some((field) => field.many);
  return `  npm run catalog -- new ${template.kind} [options]\n\n${renderTable(['option', 'example', 'what', ''], rows)}\n${
    many ? 'Where there may be several, give the option several times.\n' : ''
  }What is required and missing is asked for on a terminal.\n`;
}

/**
 * `new`: writes an entry that the whole catalog accepts, or nothing. A file that exists is never overwritten; a pair
 * gets a line in its category's file, which keeps its comments.
 */
export async function newEntry(dir: string, kind: string, given: Values, terminal: Terminal): Promise<number> {
  const template = templates.find((one) => one.kind === kind);
  if (template === undefined) {
    const names = templates.map((one) => one.kind);
    const hint = byHand(dir, kind) ?? suggest(kind, names).replaceAll('"', '');
    throw new UsageError(`"new" does not write a ${kind}: ${hint}`);
  }
  const values = await complete(template, given, terminal);
  const path = template.path(values);
  const shown = `${shownPath(dir)}/${path}`;
  const files = readCatalogFiles(dir);
  const present = files.get(path);
  const appends = kind === 'pair' && present !== undefined;
  if (present !== undefined && !appends)
    throw new RefusalError(`${shown} already exists: edit it, or choose another id`);

  const text = appends ? appendPair(textOf(present), values, shown) : template.render(values);
  const problems = newProblems(files, new Map([...files, [path, text]]), shownPath(dir));
  if (problems.length > 0) {
    printProblems(problems, terminal);
    terminal.stderr.write(
      `\n${paint(terminal.stderr, 'red', count(problems.length, 'error'))}: nothing was written.\n`,
    );
    return 1;
  }
  place(join(dir, path), text, appends ? textOf(present) : undefined, shown);
  terminal.stdout.write(`${paint(terminal.stdout, 'green', appends ? 'added to' : 'wrote')} ${shown}\n`);
  if (!appends) terminal.stdout.write(`\n${text}`);
  return 0;
}

/** How to write an entry of a kind that is one list of a few: with the first of them as an example. */
function byHand(dir: string, wanted: string): string | undefined {
  const found = kinds.find(({ kind }) => kind === wanted);
  if (found === undefined || templates.some(({ kind }) => kind === wanted)) return undefined;
  const { kind, at, layout, lists } = found;
  const paths = [...readCatalogFiles(dir).keys()].sort();
  const path = layout === 'file' ? at : paths.find((one) => one.startsWith(`${at}/`));
  const schema = `its editor schema is ${shownPath(dir)}/schema/generated/${kind}.schema.json`;
  const where = `${shownPath(dir)}/${at}`;
  const what = layout === 'file' ? `edit ${where}, which is one list` : `edit a file of ${where}/`;
  const example = path === undefined ? undefined : exampleOf(textOf(readCatalogFiles(dir).get(path)), lists[0]?.list);
  const like = example === undefined ? '' : ` An entry is like this one:\n\n${example}`;
  return `${what}; ${schema}, and "npm run catalog -- validate" checks it.${like}`;
}

/** The first item of a list as it is written, comments and all. */
function exampleOf(text: string, list: string | undefined): string | undefined {
  const document = parseDocument(text);
  const items = document.errors.length > 0 || list === undefined ? undefined : document.get(list, true);
  const range = isSeq(items) && isMap(items.items[0]) ? items.items[0].range : undefined;
  if (range === undefined || range === null) return undefined;
  return `  - ${text.slice(range[0], range[1]).trimEnd()}`;
}

/** The given values with every fallback, and those asked for. */
async function complete(template: Template, given: Values, terminal: Terminal): Promise<Values> {
  const foreign = [...given.keys()].find(
    (name) => name !== 'dir' && !template.fields.some((field) => field.name === name),
  );
  if (foreign !== undefined) {
    const names = template.fields.map(({ name }) => name);
    throw new UsageError(`a ${template.kind} has no --${foreign}: ${suggest(foreign, names).replaceAll('"', '')}`);
  }
  const values = new Map([...given].filter(([, all]) => all.some((value) => value.trim() !== '')));
  const missing = missingFields(template.fields, values);
  if (missing.length > 0) {
    if (terminal.stdin.isTTY !== true) {
      const flags = missing.map(({ name, example }) => `--${name} (${example})`).join(', ');
      throw new UsageError(`missing ${flags}; on a terminal they are asked for`);
    }
    const questions = missing.map(({ name, about, example }) => ({ name, text: `${name}, ${about} (${example})` }));
    for (const [name, answer] of await ask(terminal, questions)) values.set(name, [answer]);
  }
  applyFallbacks(template.fields, values);
  return values;
}

function missingFields(fields: readonly Field[], values: Values): Field[] {
  const full = new Map(values);
  applyFallbacks(fields, full);
  return fields.filter(({ name, isRequired }) => isRequired?.(full) === true && !full.has(name));
}

function applyFallbacks(fields: readonly Field[], values: Map<string, readonly string[]>): void {
  for (const { name, fallback } of fields) {
    const value = values.has(name) ? undefined : fallback?.(values);
    if (value !== undefined && value !== '') values.set(name, [value]);
  }
}

/** What the new files make wrong that was right before. */
function newProblems(before: CatalogFiles, after: CatalogFiles, root: string): Problem[] {
  const known = new Set(parseCatalog(before, root).problems.map(formatProblem));
  return parseCatalog(after, root).problems.filter(
    (problem) => problem.severity === 'error' && !known.has(formatProblem(problem)),
  );
}

function textOf(content: CatalogFiles extends ReadonlyMap<string, infer C> ? C | undefined : never): string {
  if (typeof content === 'string') return content;
  if (content instanceof Uint8Array) return new TextDecoder('utf-8', { ignoreBOM: true }).decode(content);
  throw new RefusalError(`the file cannot be read: ${content?.unreadable ?? 'it is not there'}`);
}

/** The file with one more line, after its last pair that is not retired; every other byte stays. */
function appendPair(text: string, values: Values, shown: string): string {
  const document = parseDocument(text);
  const pairs = document.errors.length > 0 ? undefined : document.get('pairs', true);
  if (!isSeq(pairs)) throw new RefusalError(`${shown} has errors: correct them first ("npm run catalog -- validate")`);
  const items = pairs.items.filter(isMap);
  const last = items.findLast((item) => item.get('status') !== 'retired') ?? items.at(-1);
  const ofFile = (key: string): string => {
    const value = document.get(key, true);
    return isScalar(value) ? String(value.value) : '';
  };
  const line = `  - ${renderPair(values, { market: ofFile('market'), quote: ofFile('quote') })}`;
  const end = last?.range?.[1];
  if (end === undefined || pairs.flow === true) {
    throw new RefusalError(`${shown} has no list of pairs to add a line to: write it there by hand:\n${line}`);
  }
  // A block item's range may end after its line; a flow item's ends before it.
  const lineEnd = text[end - 1] === '\n' ? end - 1 : text.indexOf('\n', end);
  const at = lineEnd < 0 ? text.length : lineEnd;
  return `${text.slice(0, at)}\n${line}${text.slice(at)}${lineEnd < 0 ? '\n' : ''}`;
}

/** Puts a whole file in its place: never half of one, and never over a file that someone else has written. */
function place(file: string, text: string, replaces: string | undefined, shown: string): void {
  // Readers of the catalog pass over names that start with a dot.
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`);
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(temporary, text);
    if (replaces === undefined) linkSync(temporary, file);
    else if (readFileSync(file, 'utf8') === replaces) renameSync(temporary, file);
    else throw new RefusalError(`${shown} was changed in the meantime: run this again`);
  } catch (error) {
    if (existsSync(file) && replaces === undefined) {
      throw new RefusalError(`${shown} already exists: edit it, or choose another id`);
    }
    if (error instanceof RefusalError) throw error;
    throw new RefusalError(`${shown} cannot be written: ${reasonOf(error)}`);
  } finally {
    discard(temporary);
  }
}

function discard(file: string): void {
  try {
    rmSync(file);
  } catch {
    // It was never written, or it is in its place by now.
  }
}
