import { parseArgs } from 'node:util';
import { formatProblem, type Problem } from '../catalog/problem.ts';
import { renderDiff } from './diff.ts';
import { type Change, compareTree, isInterrupted, recoverTree, replaceTree } from './emit/tree.ts';
import { openProject } from './project-files.ts';
import { checkHeld, wholeHistory } from './promotion/held.ts';
import { planKeep } from './promotion/keep.ts';
import { findFollow } from './promotion/preconditions.ts';
import { isForTheUser, type Output, paint } from './terminal.ts';
import { waitsOf } from './waits.ts';
import { type GenerateOptions, type Generation, readGeneration } from './workspace.ts';

export const help = `Renders catalog/ and environments/*/environment.yaml into the files that Argo CD applies.

  npm run generate                            write every environment (of local, which has no cluster, the compose file), argocd/
                                              and the editor's schemas
  npm run generate -- --check                 write nothing; exit 1 if a file is stale, missing, edited or not ours
  npm run generate -- --check --held-in origin/main
                                              as CI: a lock must have been staging's there before it is production's
  npm run generate -- --environment staging   that environment alone
  npm run generate -- --watch                 write, and go on writing what changes with each save of catalog/ or of
                                              environment.yaml and the locks beside it, until Ctrl-C
  npm run generate -- --keep production       leave production's tree as it is committed, until the next promotion:
                                              for a change of the generators that staging is to try first
  npm run generate -- --init production       write the first lock of production, from today's catalog

dev and staging follow the catalog. production follows its own catalog.lock.json, which only a promotion changes.
Files beside environments/<env>/<cluster>/ (environment.yaml, images.lock.yaml) are yours; inside it all is generated.
`;

/** What --check shows of the differences: the whole is one command away. */
const changesMax = 40;
const diffLinesMax = 60;
const fileDiffLinesMax = 12;
const diffColumnsMax = 160;

/**
 * Runs `npm run generate` in the project at `root`.
 *
 * @returns The exit code: 0 done or up to date, 1 something to correct, 2 wrong arguments.
 */
export function runGenerate(root: string, argv: readonly string[], out: Output, err: Output): number {
  let options: ReturnType<typeof parseOptions>;
  try {
    options = parseOptions(argv);
  } catch (error) {
    err.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    return 2;
  }
  if (options.help) {
    out.write(help);
    return 0;
  }
  try {
    return options.check ? check(root, options, out, err) : generate(root, options, out, err);
  } catch (error) {
    if (!isForTheUser(error)) throw error;
    err.write(`${paint(err, 'red', 'error')} ${error.message}\n`);
    return 1;
  }
}

interface Options {
  readonly check: boolean;
  readonly help: boolean;
  readonly environment?: string;
  readonly init?: string;
  readonly 'held-in'?: string;
  readonly keep?: string;
}

function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      check: { type: 'boolean', default: false },
      environment: { type: 'string' },
      'held-in': { type: 'string' },
      keep: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
      init: { type: 'string' },
    },
  });
  for (const flag of ['init', 'keep'] as const) {
    if (values.check && values[flag] !== undefined)
      throw new Error(`--${flag} writes, and --check never does: give one of them`);
  }
  if (values['held-in'] !== undefined && !values.check)
    throw new Error('--held-in says what --check is to look at: give both');
  return values;
}

function generate(root: string, options: Options, out: Output, err: Output): number {
  if (recoverTree(root)) out.write('Completed a run that was stopped while it moved its files.\n');
  const kept = options.keep === undefined ? [] : [planKeep(root, options.keep)];
  const changed = new Map(kept.map(({ path, text }) => [path, text]));
  const generation = prepare(root, { ...options, changes: changed }, out, err);
  if (generation === undefined) return 1;
  const changes = replaceTree(root, generation.files, generation.owned);
  out.write(tableOf(generation, changes, out));
  for (const problem of forgedLocks(root, generation)) err.write(`${formatProblem(problem)}\n`);
  if (changes.length === 0) out.write('Nothing changed.\n');
  return 0;
}

/** Locks that --check will refuse, as warnings: who writes files may be in the middle of mending them. */
function forgedLocks(root: string, { digests }: Generation): Problem[] {
  const files = openProject(root);
  return [...digests.keys()]
    .filter((name) => findFollow(files, name) === 'lock')
    .flatMap((name) => checkHeld(root, files, name, wholeHistory))
    .filter(({ severity }) => severity === 'error')
    .map((problem) => ({ ...problem, severity: 'warning' as const }));
}

function check(root: string, options: Options, out: Output, err: Output): number {
  if (isInterrupted(root)) {
    err.write('A run was stopped while it moved its files: run "npm run generate", which completes it.\n');
    return 1;
  }
  const generation = prepare(root, { ...options, heldIn: options['held-in'] ?? wholeHistory }, out, err);
  if (generation === undefined) return 1;
  const changes = compareTree(root, generation.files, generation.owned);
  if (changes.length === 0) {
    out.write(`${generation.files.length} generated files are up to date.\n`);
    return 0;
  }
  const count = changes.length === 1 ? 'One generated file is' : `${changes.length} generated files are`;
  err.write(`${count} not what the catalog says:\n`);
  for (const change of changes.slice(0, changesMax))
    err.write(`  ${paintKind(err, change.kind)} ${change.path}  ${paint(err, 'dim', whyOf(change))}\n`);
  if (changes.length > changesMax)
    err.write(`  … and ${changes.length - changesMax} more: "npm run generate && git status" shows all\n`);
  err.write(shortDiffs(changes, err));
  err.write('Run "npm run generate" and commit what it writes.\n');
  return 1;
}

/** Reads and renders; tells of each environment as it is done. Undefined if there was an error, which is then told. */
function prepare(root: string, options: GenerateOptions, out: Output, err: Output): Generation | undefined {
  const { generation, problems } = readGeneration(root, options);
  for (const problem of problems) err.write(`${formatProblem(problem)}\n`);
  for (const { inputs, apps, files } of generation?.renderings ?? []) {
    const { name } = inputs.environment;
    const digest = generation?.digests.get(name)?.slice(0, 'sha256:'.length + 12) ?? '';
    out.write(`${name}: ${apps.length} apps, ${files.length} files from catalog ${digest}\n`);
  }
  for (const line of waitingLines(generation)) out.write(line);
  for (const [name, rev] of generation?.kept ?? []) {
    out.write(`${name}: kept as ${rev.slice(0, 7)} had it, until the next promotion\n`);
  }
  return generation;
}

/** One line for each pool that cannot be deployed yet, as the first of the environments sees it. */
function waitingLines(generation: Generation | undefined): string[] {
  const [first] = generation?.renderings ?? [];
  if (first === undefined) return [];
  const { catalog } = first.inputs;
  return catalog.pools.flatMap((pool) => {
    const waits = waitsOf(pool, catalog);
    return waits.length === 0 ? [] : [`${pool.id} waits for a provider: ${waits.join(', ')}\n`];
  });
}

/** Changes by environment and cluster, with the files that are there now. */
function tableOf(generation: Generation, changes: readonly Change[], out: Output): string {
  const counts = new Map<string, Record<Change['kind'] | 'files', number>>();
  const rowOf = (path: string) => {
    const place = placeOf(path);
    const row = counts.get(place) ?? { files: 0, added: 0, changed: 0, removed: 0 };
    counts.set(place, row);
    return row;
  };
  for (const { path } of generation.files) rowOf(path).files += 1;
  for (const { path, kind } of changes) rowOf(path)[kind] += 1;
  const width = Math.max(...[...counts.keys()].map((place) => place.length));
  const cell = (kind: Change['kind'], count: number) => {
    const text = `${signs[kind]}${count}`.padStart(6);
    return count === 0 ? paint(out, 'dim', text) : paint(out, colours[kind], text);
  };
  const rows = [...counts].map(
    ([place, { files, added, changed, removed }]) =>
      `${place.padEnd(width)}  ${String(files).padStart(5)} files ${cell('added', added)}${cell('changed', changed)}${cell('removed', removed)}\n`,
  );
  return rows.join('');
}

/** `staging/analytics` for a file of a cluster; the file or folder itself for what belongs to none. */
function placeOf(path: string): string {
  const parts = path.split('/');
  if (parts[0] === 'environments')
    return parts.length > 3 ? `${parts[1]}/${parts[2]}` : `${parts[1]}/${parts[2] ?? ''}`;
  return parts[0] === 'catalog' ? parts.slice(0, -1).join('/') : (parts[0] ?? path);
}

/** The beginning of each changed file's diff: enough to see what it is about. A lock's is left out; the slices show it. */
function shortDiffs(changes: readonly Change[], err: Output): string {
  const lines = changes.flatMap(({ path, kind, before = '', after = '' }) => {
    if (kind !== 'changed' || path.endsWith('.lock.json')) return [];
    const diff = narrow(renderDiff(before, after));
    const rest = diff.length - fileDiffLinesMax;
    return [
      paint(err, 'bold', path),
      ...diff.slice(0, fileDiffLinesMax).map((line) => paintLine(err, line)),
      ...(rest > 0 ? [`… ${rest} lines more`] : []),
    ];
  });
  const shown = lines.slice(0, diffLinesMax);
  const more = lines.length > shown.length ? ['… and more: "npm run generate && git diff" shows all'] : [];
  return [...shown, ...more].map((line) => `${line}\n`).join('');
}

/** Cuts long lines so that what differs is seen: an entry of the catalog is one line of several hundred characters. */
function narrow(diff: readonly string[]): string[] {
  return diff
    .filter((line) => !line.startsWith(' ') || line.length <= diffColumnsMax)
    .map((line, index, lines) => {
      if (line.length <= diffColumnsMax) return line;
      const other = line.startsWith('-') ? lines[index + 1] : lines[index - 1];
      const isPair = other !== undefined && /^[-+]/.test(other) && other[0] !== line[0];
      const start = isPair ? Math.max(1, differenceAt(line, other) - diffColumnsMax / 2) : 1;
      const text = line.slice(start, start + diffColumnsMax);
      return `${line[0]}${start > 1 ? '…' : ''}${text}${start + diffColumnsMax < line.length ? '…' : ''}`;
    });
}

/** The first column after the sign where two lines differ. */
function differenceAt(a: string, b: string): number {
  let column = 1;
  while (column < a.length && a[column] === b[column]) column += 1;
  return column;
}

const signs = { added: '+', changed: '~', removed: '−' } as const;
const colours = { added: 'green', changed: 'yellow', removed: 'red' } as const;

function whyOf({ kind }: Change): string {
  if (kind === 'added') return 'missing';
  return kind === 'changed' ? 'stale or edited by hand' : 'nothing generates it';
}

function paintKind(output: Output, kind: Change['kind']): string {
  return paint(output, colours[kind], signs[kind]);
}

function paintLine(output: Output, line: string): string {
  if (line.startsWith('+')) return paint(output, 'green', line);
  return line.startsWith('-') ? paint(output, 'red', line) : paint(output, 'dim', line);
}
