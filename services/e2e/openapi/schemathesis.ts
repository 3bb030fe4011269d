import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import Type, { type Static } from 'typebox';
import type { Child, ChildExit, Children } from '../../runtime/children.ts';
import { describeError } from '../../runtime/errors.ts';

/** Schemathesis and all that it needs, each at its version. */
const requirements = join(import.meta.dirname, 'requirements.txt');
const [, version] = /^schemathesis==(.+)$/m.exec(readFileSync(requirements, 'utf8')) ?? [];
/** What an answer is held against: no defect of ours, and what the document says of status, type and body. */
const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
];
const installMs = 300_000;
/** A request that is not answered by then is a finding, also on a machine that has much else to do. */
const requestSeconds = 60;
const stopMs = 20_000;
/** How often a value that is known to lead to data is taken in place of a generated one. */
const knownShare = 0.5;

/** The installed program, by the folder of its Python. */
export interface Schemathesis {
  readonly python: string;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Installs Schemathesis from PyPI into a folder of its own below `cache`, unless it is there from before.
 *
 * @param env What its processes are given: PATH, HOME, and what pip is to know.
 * @returns Why it cannot be had, for people, where Python, its venv or PyPI is missing.
 */
export async function installSchemathesis(
  children: Children,
  cache: string,
  env: Readonly<Record<string, string>>,
): Promise<Schemathesis | { readonly missing: string }> {
  const folder = join(cache, `schemathesis-${version}`);
  const installed = { python: join(folder, 'bin', 'python'), env };
  if (existsSync(installed.python)) return installed;
  mkdirSync(cache, { recursive: true });
  // A Python environment may be moved as long as its programs are run as modules: what is in place is always whole.
  const part = `${folder}.${process.pid}`;
  const run = (command: string, ...args: string[]): Promise<ChildExit> =>
    runToEnd(children, { command, args, cwd: cache, env, limitMs: installMs });
  try {
    const made = await run('python3', '-m', 'venv', part).catch(() => undefined);
    if (made === undefined) return { missing: 'python3, 3.10 or newer, is not there' };
    if (made.code !== 0) return { missing: `python3 -m venv fails (Debian: python3-venv): ${lastOf(made)}` };
    const filled = await run(join(part, 'bin', 'python'), '-m', 'pip', 'install', '--quiet', '-r', requirements);
    if (filled.code !== 0) return { missing: `pip cannot install it from PyPI: ${lastOf(filled)}` };
    // Whoever was faster has put the same there.
    if (!existsSync(folder)) renameSync(part, folder);
    return installed;
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
}

const Report = Type.Object({
  operations: Type.Object({ tested: Type.Integer() }),
  test_cases: Type.Object({ generated: Type.Integer() }),
  failures: Type.Array(Type.Object({ title: Type.String(), operations: Type.Array(Type.String()) })),
  errors: Type.Array(Type.Unknown()),
});
const isReport = new Ajv2020({ strict: false }).compile<Static<typeof Report>>(Report);

/** One run over one API. */
export interface FuzzRun {
  readonly operations: number;
  readonly requests: number;
  readonly hasFindings: boolean;
  /** What was found, with a command to see it again; in Schemathesis' words. */
  readonly text: string;
}

export interface FuzzOptions {
  /** Of the API. */
  readonly url: string;
  /** Of the document that is gone by. */
  readonly documentUrl: string;
  /** Takes settings and report. */
  readonly folder: string;
  /** Requests of an operation, at most, in each phase. */
  readonly requestsEach: number;
  /** `examples`, `coverage`, `fuzzing`, `stateful`. */
  readonly phases: readonly string[];
  readonly seed: number;
  /** Values that lead to data, by `path.network` and the like: they are mixed into those that are generated. */
  readonly known: ReadonlyMap<string, readonly unknown[]>;
  /** After this it is stopped, and what it found until then counts. */
  readonly limitMs: number;
}

/** Asks an API what its document allows and what it does not, and holds every answer against the document. */
export async function runSchemathesis(
  children: Children,
  { python, env }: Schemathesis,
  { url, documentUrl, folder, requestsEach, phases, seed, known, limitMs }: FuzzOptions,
): Promise<FuzzRun> {
  const [settings, reportFile] = [join(folder, 'schemathesis.toml'), join(folder, 'report.json')];
  writeFileSync(settings, renderSettings(known));
  rmSync(reportFile, { force: true });
  const { lines, code } = await runToEnd(children, {
    command: python,
    args: [
      ...['-c', 'from schemathesis.cli import schemathesis; schemathesis()', '--config-file', settings],
      ...['run', documentUrl, '--url', url, '--checks', checks.join(','), '--phases', phases.join(',')],
      ...['--max-examples', String(requestsEach), '--seed', String(seed), '--request-timeout', String(requestSeconds)],
      ...['--continue-on-failure', '--generation-database', 'none', '--no-color'],
      ...['--report', 'json', '--report-json-path', reportFile],
    ],
    cwd: folder,
    env,
    limitMs,
  });
  const output = lines.join('\n');
  const report: unknown = existsSync(reportFile) ? JSON.parse(readFileSync(reportFile, 'utf8')) : undefined;
  if (!isReport(report)) throw new Error(`Schemathesis left with ${code} and no report:\n${output}`);
  return {
    operations: report.operations.tested,
    requests: report.test_cases.generated,
    hasFindings: report.failures.length > 0 || report.errors.length > 0,
    text: sectionsOf(output, ['ERRORS', 'FAILURES']),
  };
}

/** TOML: strings of JSON are its strings, too. */
function renderSettings(known: FuzzOptions['known']): string {
  const entries = [...known].filter(([, values]) => values.length > 0);
  const dictionaries = entries.map(
    ([key, values]) => `[dictionaries.${JSON.stringify(key)}]\nvalues = ${JSON.stringify(values)}\n`,
  );
  const parameters = entries.map(([key]) => {
    const name = JSON.stringify(key);
    return `${name} = { dictionary = ${name}, probability = ${knownShare} }`;
  });
  return [...dictionaries, '[parameters]', ...parameters, ''].join('\n');
}

/** The sections of its output that have one of these titles. */
function sectionsOf(output: string, titles: readonly string[]): string {
  const parts = output.split(/^=+ (.+?) =+$/m);
  return parts
    .flatMap((part, at) => (at % 2 === 0 && titles.includes(parts[at - 1] ?? '') ? [part.trim()] : []))
    .join('\n\n');
}

interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly limitMs: number;
}

/** Runs a program, and asks it to end when it takes too long. Throws where there is no such program. */
async function runToEnd(
  children: Children,
  { limitMs, ...command }: Command,
): Promise<ChildExit & { readonly lines: readonly string[] }> {
  const lines: string[] = [];
  const child: Child = await children.spawn({
    ...{ ...command, name: command.command, stopSignal: 'SIGINT', logTail: 20 },
    onLine: (line) => void lines.push(line),
  });
  const timer = setTimeout(() => void child.stop(stopMs), limitMs);
  const exit = await child.exited;
  clearTimeout(timer);
  return { ...exit, lines };
}

function lastOf({ tail, code, signal }: ChildExit): string {
  return tail.findLast((line) => line.trim() !== '') ?? describeError(`it ended with ${signal ?? code}`);
}
