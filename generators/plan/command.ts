import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { suggest } from '../../catalog/nearest.ts';
import { formatProblem, type Problem } from '../../catalog/problem.ts';
import { ClashError } from '../emit/output.ts';
import { RenderError } from '../inputs.ts';
import { isForTheUser, type Output, paint } from '../terminal.ts';
import { createMemory, type Generation, readGeneration } from '../workspace.ts';
import type { EntryPlaces } from './causes.ts';
import { computePlan, planProblems } from './compute.ts';
import { noteCharsMax, renderMarkdown } from './format-markdown.ts';
import { renderCodeQuality, renderJson, renderJunit } from './format-reports.ts';
import { renderText } from './format-text.ts';
import { inputChangesOf } from './inputs.ts';
import type { Plan } from './plan.ts';
import {
  findRevision,
  type Revision,
  readEntryPlaces,
  readEntryPlacesAt,
  readTreeAt,
  treeOf,
  writeReport,
} from './repository.ts';
import { environmentsOf, type Tree } from './tree.ts';

const diffHelp = `What the working tree changes in the clusters, against a commit. Nothing is written but what you name.

  npm run catalog -- diff                             against where this branch left main; on main, the last commit
  npm run catalog -- diff --against v1.2.0            against another commit, branch or tag
  npm run catalog -- diff --environment staging       of one environment
  npm run catalog -- diff --format markdown --output note.md --full plan.md
                                                      a note for the merge request, and all that does not fit it
  npm run catalog -- diff --fail-on danger            exit 3 if there is a DANGER row

Options
  --against <rev>      the commit to compare with
  --environment <env>  one environment
  --format <format>    text, markdown, json, codequality or junit (default: text)
  --output <file>      write there instead of here
  --full <file>        write all of it as Markdown, however long: the artefact that a short note names
  --fail-on danger     exit 3 if there is a DANGER row
  --help               this text

Exit code: 0 a plan, 1 the catalog has errors (which are then the plan), 2 wrong arguments, 3 danger with --fail-on.
The catalog is rendered anew: "npm run generate" need not have run.
`;

const formats = ['text', 'markdown', 'json', 'codequality', 'junit'] as const;
type Format = (typeof formats)[number];

/** The command line is wrong: the message says how. */
export class UsageError extends Error {
  override name = 'UsageError';
}

interface DiffOptions {
  readonly against?: string;
  readonly environment?: string;
  readonly format: Format;
  readonly output?: string;
  readonly full?: string;
  readonly failOn?: string;
}

/** Runs `npm run catalog -- diff` in the project at `root`; files it is to write are named from there. */
export function runDiff(root: string, argv: readonly string[], out: Output, err: Output): number {
  return runSafely('diff', err, () => {
    const options = parseDiffOptions(argv);
    if (options === undefined) {
      out.write(diffHelp);
      return 0;
    }
    const revision = findRevision(root, options.against);
    const plan = planOf(root, revision, options.environment);
    const text = renderPlan(plan, options, revision.name, out.isTTY === true && options.output === undefined);
    if (options.full !== undefined) {
      const whole = renderMarkdown(plan, { charsMax: Number.POSITIVE_INFINITY, against: revision.name });
      writeReport(root, options.full, whole);
    }
    if (options.output === undefined) out.write(text);
    else {
      writeReport(root, options.output, text);
      out.write(`${plan.summary}\n`);
    }
    if (plan.problems.some(({ severity }) => severity === 'error')) return 1;
    return options.failOn === 'danger' && plan.dangers.length > 0 ? 3 : 0;
  });
}

/** The plan from a commit to the working tree as it would be rendered now; its problems, if it cannot be. */
export function planOf(root: string, revision: Revision, environment?: string): Plan {
  const { generation, problems } = generate(root);
  if (generation === undefined) return planProblems(problems);
  const [before, after] = [readTreeAt(root, revision), treeOf(root, generation)];
  refuseUnknown(environment, before, after);
  const places = placesFor(root, revision, before, after);
  return computePlan(before, after, { places, problems, ...(environment === undefined ? {} : { environment }) });
}

/** What this process has read and rendered, by its content: a second command of one process begins from there. */
const memory = createMemory();

/** A render of the whole project; what cannot be rendered is told as a problem like any other. */
export function generate(root: string): { generation: Generation | undefined; problems: Problem[] } {
  try {
    const { generation, problems } = readGeneration(root, { memory });
    const shown = problems.map((problem) => ({ ...problem, file: fromRoot(root, problem.file) }));
    return { generation, problems: shown };
  } catch (error) {
    if (!(error instanceof RenderError || error instanceof ClashError)) throw error;
    const [message = '', ...more] = error.message.split('\n');
    const fix = more.join(' ') || 'change the entries that it names';
    const problem: Problem = { file: 'catalog', line: 1, col: 1, code: 'GEN010', message, fix, severity: 'error' };
    return { generation: undefined, problems: [problem] };
  }
}

/** GitLab knows files by their path from the project's root, wherever the command is run. */
function fromRoot(root: string, file: string): string {
  const whole = resolve(file);
  return whole.startsWith(`${root}/`) ? whole.slice(root.length + 1) : file;
}

/** Lines of the catalog as it is; of an entry that is gone, where it was. Only read where something differs. */
function placesFor(root: string, revision: Revision, before: Tree, after: Tree): EntryPlaces {
  if (isSameTree(before, after)) return new Map();
  const current = readEntryPlaces(root);
  const isGone = environmentsOf(before, after).some((name) =>
    inputChangesOf(before, after, name).entries.some(({ kind }) => kind === 'removed'),
  );
  return isGone ? new Map([...readEntryPlacesAt(root, revision), ...current]) : current;
}

function isSameTree(before: Tree, after: Tree): boolean {
  return before.size === after.size && [...before].every(([path, text]) => after.get(path) === text);
}

function refuseUnknown(environment: string | undefined, before: Tree, after: Tree): void {
  const known = environmentsOf(before, after);
  if (environment !== undefined && !known.includes(environment)) {
    throw new UsageError(`there is no environment "${environment}": ${suggest(environment, known)}`);
  }
}

function renderPlan(plan: Plan, { format, full }: DiffOptions, against: string, colours: boolean): string {
  switch (format) {
    case 'text':
      return renderText(plan, { colours, against });
    case 'markdown':
      return renderMarkdown(plan, { charsMax: noteCharsMax, against, ...(full === undefined ? {} : { full }) });
    case 'json':
      return renderJson(plan, against);
    case 'codequality':
      return renderCodeQuality(plan);
    case 'junit':
      return renderJunit(plan);
  }
}

function parseDiffOptions(argv: readonly string[]): DiffOptions | undefined {
  const values = parseOptions(argv, {
    against: { type: 'string' },
    environment: { type: 'string' },
    format: { type: 'string' },
    output: { type: 'string' },
    full: { type: 'string' },
    'fail-on': { type: 'string' },
  }).values;
  if (values.help === true) return undefined;
  const { 'fail-on': failOn, format = 'text', against, environment, output, full } = values;
  const known = formats.find((name) => name === format);
  if (known === undefined) throw new UsageError(`there is no format "${format}": ${suggest(String(format), formats)}`);
  if (failOn !== undefined && failOn !== 'danger') throw new UsageError(`--fail-on takes "danger", not "${failOn}"`);
  return {
    format: known,
    ...textOf('against', against),
    ...textOf('environment', environment),
    ...textOf('output', output),
    ...textOf('full', full),
    ...textOf('failOn', failOn),
  };
}

function textOf<K extends string>(key: K, value: unknown): { [key in K]?: string } {
  return typeof value === 'string' ? ({ [key]: value } as { [key in K]: string }) : {};
}

interface Parsed {
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
}

type OptionTypes = Readonly<Record<string, { type: 'string' | 'boolean' }>>;

/** parseArgs in our words; `--help` is known to every command. Throws a UsageError. */
export function parseOptions(argv: readonly string[], options: OptionTypes, allowPositionals = false): Parsed {
  try {
    const known = { ...options, help: { type: 'boolean', short: 'h' } } as const;
    return parseArgs({ args: [...argv], options: known, allowPositionals });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const unknown = /Unknown option '--?([^'= ]+)/.exec(message)?.[1];
    if (unknown === undefined) throw new UsageError(message.split('. ', 1)[0] ?? message);
    throw new UsageError(`unknown option --${unknown}: ${suggest(unknown, Object.keys(options)).replaceAll('"', '')}`);
  }
}

/** Tells what is the reader's to correct, with exit code 2 for the command line; a defect keeps its stack. */
export function runSafely(command: string, err: Output, run: () => number): number {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof UsageError || isForTheUser(error))) throw error;
    const help = error instanceof UsageError ? `\n"npm run catalog -- ${command} --help" shows how it is used.\n` : '';
    err.write(`${paint(err, 'red', 'error')} ${error.message}\n${help}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** The problems that keep a command from its work. Returns the exit code. */
export function printProblems(problems: readonly Problem[], err: Output): number {
  for (const problem of problems) err.write(`${formatProblem(problem)}\n`);
  return 1;
}
