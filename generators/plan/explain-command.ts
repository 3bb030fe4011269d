import { resolve } from 'node:path';
import { suggest } from '../../catalog/nearest.ts';
import type { App } from '../app.ts';
import { sourcesOf } from '../emit/manifest.ts';
import { type Output, paint } from '../terminal.ts';
import type { Generation } from '../workspace.ts';
import { type EntryPlaces, placed } from './causes.ts';
import { causeText, clusterText } from './cell.ts';
import { generate, parseOptions, printProblems, runSafely, UsageError } from './command.ts';
import { formatOf } from './cost-command.ts';
import { createDocumentReader, type FileDocument } from './documents.ts';
import { findMeaning, type LineMeaning } from './line.ts';
import { findObjects, isArgocd } from './lookup.ts';
import type { Cause } from './plan.ts';
import { readEntryPlaces, treeOf } from './repository.ts';
import { environmentsOf, placeOf, type Tree } from './tree.ts';

const help = `Which catalog entries a rendered file or object comes from, and where they are written.

  npm run catalog -- explain environments/staging/defimon-analytics/chain-sync/deployment-chain-sync.yaml
  npm run catalog -- explain environments/staging/defimon-analytics/chain-sync/configmap-chain-sync.yaml:90
                                                              that line: its field, and in a slice its entry
  npm run catalog -- explain Deployment/chain-sync            an object, wherever there is one
  npm run catalog -- explain Deployment.apps/analytics/chain-sync
  npm run catalog -- explain catalog/networks/base.yaml       the other way: what the entries of a file end up in
                                                              ("impact" says what they would change)

Options
  --all              name every entry, however many there are of a kind
  --format <format>  text or json (default: text)
  --help             this text
`;

/** Entries of one kind are named up to here, counted above. */
const namedMax = 5;

/** One object, where it is, and what it came from. */
interface Explanation {
  readonly identity: string;
  readonly places: readonly { readonly place: string; readonly path: string }[];
  /** The generator's unit: the app that it is synced with. */
  readonly unit?: string;
  readonly line?: LineMeaning;
  readonly sources: readonly Cause[];
}

/** Runs `npm run catalog -- explain` in the project at `root`. */
export function runExplain(root: string, argv: readonly string[], out: Output, err: Output): number {
  return runSafely('explain', err, () => {
    const { values, positionals } = parseOptions(argv, { all: { type: 'boolean' }, format: { type: 'string' } }, true);
    if (values.help === true) {
      out.write(help);
      return 0;
    }
    const [target, extra] = positionals;
    if (target === undefined) throw new UsageError('explain what? name a file, a file and line, or an object');
    if (extra !== undefined) throw new UsageError(`"${extra}" is one argument too many`);
    const format = formatOf(values.format, ['text', 'json']);
    const { generation, problems } = generate(root);
    if (generation === undefined) return printProblems(problems, err);
    const explanations = explain(root, target, generation);
    if (format === 'json') out.write(`${JSON.stringify({ version: 1, explanations }, undefined, 2)}\n`);
    else out.write(explanations.map((one) => renderExplanation(one, values.all === true, out)).join('\n'));
    return 0;
  });
}

function explain(root: string, target: string, generation: Generation): Explanation[] {
  const tree = treeOf(root, generation);
  const [, file = target, line] = /^(.+?)(?::(\d+))?(?::\d+)?$/.exec(target) ?? [];
  const whole = resolve(root, file);
  const path = whole.startsWith(`${root}/`) ? whole.slice(root.length + 1) : file;
  const lineNumber = line === undefined ? undefined : Number(line);
  const text = tree.get(path);
  if (text !== undefined) {
    const meaning = lineNumber === undefined ? undefined : findMeaning(text, lineNumber);
    if (lineNumber !== undefined && meaning === undefined) {
      throw new UsageError(`${path} has ${text.split('\n').length - 1} lines: there is no line ${lineNumber}`);
    }
    const places = readEntryPlaces(root);
    const documents = createDocumentReader()(path, text);
    return documentsAt(documents, text, lineNumber).map((document) =>
      explanationOf([document], generation, tree, places, meaning),
    );
  }
  if (path.startsWith('catalog/')) return explainEntries(path, lineNumber, tree, readEntryPlaces(root));
  if (/^(environments|argocd)\//.test(path)) {
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    const beside = [...tree.keys()].filter((other) => other.startsWith(folder));
    throw new UsageError(`nothing generates ${path}: ${suggest(path, beside.length > 0 ? beside : [...tree.keys()])}`);
  }
  const lookup = findObjects(target, tree);
  if ('hint' in lookup) throw new UsageError(`there is no object "${target}": ${lookup.hint}`);
  const places = readEntryPlaces(root);
  return [...Map.groupBy(lookup.found, ({ identity }) => identity).values()].map((documents) =>
    explanationOf(documents, generation, tree, places, undefined),
  );
}

/** Of a file with several objects, the one that a line is in. */
function documentsAt(
  documents: readonly FileDocument[],
  text: string,
  line: number | undefined,
): readonly FileDocument[] {
  if (line === undefined || documents.length === 1) return documents;
  const index = text
    .split('\n')
    .slice(0, line)
    .filter((one) => one === '---').length;
  return documents.slice(index, index + 1);
}

function explanationOf(
  documents: readonly FileDocument[],
  generation: Generation,
  tree: Tree,
  places: EntryPlaces,
  line: LineMeaning | undefined,
): Explanation {
  const [first] = documents;
  const names = environmentsOf(tree);
  const ids = new Map<string, Cause>();
  for (const { path, manifest } of documents) {
    const own = line?.entry !== undefined ? [line.entry] : manifest === undefined ? [] : sourcesOf(manifest);
    for (const id of own)
      ids.set(id, placed(id, id.startsWith('environment/') ? id.slice(12) : placeOf(path, names).environment, places));
  }
  return {
    identity: first?.identity ?? '',
    places: documents.map(({ path }) => ({ place: clusterText(placeOf(path, names)), path })),
    unit: unitOf(first?.path ?? '', generation, names),
    ...(line === undefined ? {} : { line }),
    sources: [...ids.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

function unitOf(path: string, { renderings }: Generation, names: readonly string[]): string {
  if (isArgocd(path)) return 'generators/argocd, from the apps of all environments';
  const { environment, cluster, unit } = placeOf(path, names);
  if (cluster === '') {
    return path.endsWith('.json')
      ? 'a lock: of the catalog, or what a promotion copied'
      : 'none: it is written by hand';
  }
  const app = renderings
    .flatMap(({ apps }) => apps)
    .find((one) => one.environment === environment && one.cluster === cluster && one.name === unit);
  return app === undefined ? unit : describeApp(app);
}

function describeApp({ name, tier, pool, owner }: App): string {
  return `${name} (tier ${tier}, pool ${pool}, owner ${owner})`;
}

/** What the entries of a catalog file, or the one at a line, end up in: by the sources that objects name. */
function explainEntries(path: string, line: number | undefined, tree: Tree, places: EntryPlaces): Explanation[] {
  const inFile = [...places].filter(([, place]) => place.file === path);
  if (inFile.length === 0) {
    const files = [...new Set([...places.values()].map(({ file }) => file))];
    throw new UsageError(`no entry is written in ${path}: ${suggest(path, files)}`);
  }
  const above = inFile.filter(([, place]) => line === undefined || place.line <= line);
  // An entry begins at its first key, so a comment above the first one belongs to it.
  const chosen = line === undefined ? inFile : (above.sort(([, a], [, b]) => b.line - a.line).slice(0, 1) ?? []);
  const entries = chosen.length > 0 ? chosen : inFile.slice(0, 1);
  const read = createDocumentReader();
  return entries.map(([entry]) => {
    const documents = [...tree].flatMap(([file, text]) =>
      text.includes(entry)
        ? read(file, text).filter(({ manifest }) => manifest !== undefined && sourcesOf(manifest).includes(entry))
        : [],
    );
    const names = environmentsOf(tree);
    return {
      identity: entry,
      places: documents.map(({ path: file, identity }) => ({
        place: `${clusterText(placeOf(file, names))} ${identity}`,
        path: file,
      })),
      sources: [placed(entry, '', places)],
    };
  });
}

function renderExplanation({ identity, places, unit, line, sources }: Explanation, all: boolean, out: Output): string {
  const shownPlaces = places.length <= 12 || all ? places : places.slice(0, 12);
  const morePlaces = places.length - shownPlaces.length;
  const lines = [
    paint(out, 'bold', identity),
    ...(unit === undefined ? [] : [`unit     ${unit}`]),
    ...(line === undefined || line.field === '' ? [] : [`field    ${line.field}`]),
    ...shownPlaces.map(
      ({ place, path }, index) => `${index === 0 ? 'in' : '  '}       ${place}  ${paint(out, 'dim', path)}`,
    ),
    ...(morePlaces === 0 ? [] : [`         and ${morePlaces} more: --all names them`]),
    ...sourceLines(sources, all),
  ];
  return `${lines.join('\n')}\n`;
}

/** Kinds with many entries are counted, unless all are asked for. */
function sourceLines(sources: readonly Cause[], all: boolean): string[] {
  if (sources.length === 0) return ['from     no catalog entry'];
  const lines = [...Map.groupBy(sources, ({ id }) => id.slice(0, id.indexOf('/')))].flatMap(([kind, its]) => {
    if (all || its.length <= namedMax) return its.map(causeText);
    return [...its.slice(0, 2).map(causeText), `and ${its.length - 2} more of kind ${kind}: --all names them`];
  });
  return lines.map((text, index) => `${index === 0 ? 'from' : '    '}     ${text}`);
}
