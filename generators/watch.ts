import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { formatProblem } from '../catalog/problem.ts';
import { help } from './command.ts';
import { type Change, narrowTree, recoverTree, replaceTree } from './emit/tree.ts';
import { isForTheUser, type Output, paint } from './terminal.ts';
import { createMemory, type GenerateOptions, type Generation, readGeneration } from './workspace.ts';

/** Where file events do not arrive, as on network file systems, a change is seen after this time at the latest. */
const pollMs = 500;
/** Editors save in steps: they truncate and write, or write beside and rename. */
const settleMs = 15;
/** A person saves a file or two; more at once are another branch checked out, and with it another tree. */
const savedFilesMax = 3;

/**
 * Runs `npm run generate -- --watch` in the project at `root`: generates, and again after each change of what it is made
 * from, until `signal` is aborted. While there are errors they are told of, and the tree stays as it was.
 *
 * What somebody else does to generated files is not looked at between: that is for --check.
 *
 * @returns The exit code: 0 ended by the signal, 2 wrong arguments.
 */
export async function runWatch(
  root: string,
  argv: readonly string[],
  out: Output,
  err: Output,
  signal: AbortSignal,
): Promise<number> {
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
  const updater = createUpdater(root, options.environment === undefined ? {} : { environment: options.environment });
  const alarm = openAlarm(root);
  let seen: Inputs = new Map();
  let told = '';
  let isPending = true;
  try {
    while (!signal.aborted) {
      const inputs = readInputs(root);
      const saved = differences(seen, inputs);
      if (isPending || saved.length > 0) {
        const isStart = seen.size === 0;
        seen = inputs;
        const outcome = updater.update(saved.length <= savedFilesMax);
        // Locks lie among the inputs: what was just written is no change.
        for (const { path } of outcome.changes ?? []) if (besideClusters.test(path)) noteInput(seen, root, path);
        isPending = outcome.changes === undefined && outcome.isWorthAnotherTry;
        if (outcome.text !== told) err.write(outcome.text);
        if (outcome.text !== told || saved.length > 0) out.write(lineOf(outcome, isStart ? undefined : saved, out));
        told = outcome.text;
      }
      await alarm.next(signal);
    }
  } finally {
    alarm.close();
  }
  return 0;
}

function parseOptions(argv: readonly string[]) {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      watch: { type: 'boolean' },
      environment: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return values;
}

interface Outcome {
  /** What was written; undefined if nothing could be. */
  readonly changes: readonly Change[] | undefined;
  /** Problems, a line each, of errors and warnings. */
  readonly text: string;
  /** The reason may go without any input being saved: another generate is at work, a disk is full. */
  readonly isWorthAnotherTry: boolean;
  readonly ms: number;
}

interface Updater {
  /** Generates what differs from the last time. Unless `trustsTree`, all of the tree is compared with the disk. */
  update(trustsTree: boolean): Outcome;
}

function createUpdater(root: string, options: GenerateOptions): Updater {
  const memory = createMemory();
  let written: ReadonlyMap<string, string> | undefined;
  const write = ({ files, owned }: Generation, trustsTree: boolean): Change[] => {
    const before = trustsTree ? written : undefined;
    // Until all is written, nobody knows what is there.
    written = undefined;
    const texts = new Map(files.map(({ path, text }) => [path, text]));
    const paths = before === undefined ? undefined : differences(before, texts);
    const part = paths === undefined ? { files, owned } : narrowTree(files, owned, paths);
    const changes = paths?.length === 0 ? [] : replaceTree(root, part.files, part.owned);
    written = texts;
    return changes;
  };
  return {
    update: (trustsTree) => {
      const start = performance.now();
      const ms = () => performance.now() - start;
      try {
        if (written === undefined) recoverTree(root);
        const { generation, problems } = readGeneration(root, { ...options, memory });
        const text = problems.map((problem) => `${formatProblem(problem)}\n`).join('');
        if (generation === undefined) return { changes: undefined, text, isWorthAnotherTry: false, ms: ms() };
        const changes = write(generation, trustsTree);
        return { changes, text, isWorthAnotherTry: false, ms: ms() };
      } catch (error) {
        if (!isForTheUser(error)) throw error;
        return { changes: undefined, text: `${error.message}\n`, isWorthAnotherTry: true, ms: ms() };
      }
    },
  };
}

/** One line for a change: when, what was saved, what came of it, how long it took. */
function lineOf({ changes, ms }: Outcome, saved: readonly string[] | undefined, out: Output): string {
  const time = paint(out, 'dim', new Date().toTimeString().slice(0, 8));
  const took = paint(out, 'dim', `${ms.toFixed(0)} ms`);
  const what =
    saved === undefined ? 'started' : saved.length > savedFilesMax ? `${saved.length} files` : saved.join(', ');
  const came = changes === undefined ? paint(out, 'red', 'nothing written, see above') : countsOf(changes);
  return `${time} ${what}: ${came}, ${took}\n`;
}

function countsOf(changes: readonly Change[]): string {
  if (changes.length === 0) return 'nothing changed';
  const count = (kind: Change['kind']) => changes.filter((change) => change.kind === kind).length;
  const files = changes.length === 1 ? '1 file' : `${changes.length} files`;
  return `${files} (+${count('added')} ~${count('changed')} −${count('removed')})`;
}

/** What can make a render differ, by path: a stamp that is another after each save. */
type Inputs = Map<string, string>;

/** catalog/ and the files beside each environment's clusters: its settings, images and locks. */
function readInputs(root: string): Inputs {
  const inputs: Inputs = new Map();
  const visit = (folder: string, isDeep: boolean): void => {
    for (const entry of entriesOf(join(root, folder))) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (isDeep && entry.name !== 'schema') visit(path, isDeep);
      } else if (!entry.name.startsWith('.') && !entry.name.endsWith('.ts')) noteInput(inputs, root, path);
    }
  };
  visit('catalog', true);
  for (const { name } of entriesOf(join(root, 'environments'))) visit(`environments/${name}`, false);
  return inputs;
}

const besideClusters = /^environments\/[^/]+\/[^/]+$/;

function noteInput(inputs: Inputs, root: string, path: string): void {
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  if (found === undefined) inputs.delete(path);
  else inputs.set(path, `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`);
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return []; // gone for a moment, or for good: the render says so
  }
}

/** Keys whose values are not the same in both, sorted. */
function differences(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const gone = [...before.keys()].filter((key) => !after.has(key));
  return [...gone, ...[...after].flatMap(([key, value]) => (before.get(key) === value ? [] : [key]))].sort();
}

interface Alarm {
  /** Resolves soon after something may have changed; after a while in any case. */
  next(signal: AbortSignal): Promise<void>;
  close(): void;
}

/** File events tell at once, where there are any; that they can be missed is why it also rings without. */
function openAlarm(root: string): Alarm {
  let ring = () => {};
  const folders = ['catalog', 'environments'].flatMap((top) => [
    top,
    ...entriesOf(join(root, top)).flatMap((entry) => (entry.isDirectory() ? [`${top}/${entry.name}`] : [])),
  ]);
  const watchers = folders.flatMap((folder): FSWatcher[] => {
    try {
      return [watch(join(root, folder), () => ring()).on('error', () => {})];
    } catch {
      return [];
    }
  });
  return {
    next: async (signal) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timers = [setTimeout(resolve, pollMs)];
      const onAbort = () => resolve();
      ring = () => timers.push(setTimeout(resolve, settleMs));
      signal.addEventListener('abort', onAbort);
      if (signal.aborted) resolve();
      await promise;
      signal.removeEventListener('abort', onAbort);
      ring = () => {};
      for (const timer of timers) clearTimeout(timer);
    },
    close: () => {
      for (const watcher of watchers) watcher.close();
    },
  };
}
