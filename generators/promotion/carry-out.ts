import { parseArgs } from 'node:util';
import { recoverTree } from '../emit/tree.ts';
import type { Tree } from '../plan/tree.ts';
import { openProject } from '../project-files.ts';
import { isForTheUser, type Output, paint } from '../terminal.ts';
import { applyChange, type EnvironmentChange } from './environment-change.ts';
import { commitFolders } from './git.ts';
import { renderSummary } from './summary.ts';
import { commandsOf, foldersOf, noteWritten } from './written.ts';

export interface Terminal {
  readonly out: Output;
  readonly err: Output;
  /** Asks the person in front of it; absent where there is none. */
  readonly confirm?: (question: string) => Promise<boolean>;
}

/** What all commands that move an environment have in common. */
export const changeOptions = {
  commit: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  yes: { type: 'boolean', short: 'y', default: false },
} as const;

export interface ChangeFlags {
  readonly commit: boolean;
  readonly 'dry-run': boolean;
  readonly help: boolean;
  readonly yes: boolean;
}

/** Wrong arguments; its message is followed by the help. */
export class UsageError extends Error {
  override name = 'UsageError';
}

interface Command<Request> {
  readonly help: string;
  readonly parse: (argv: readonly string[]) => { request: Request; flags: ChangeFlags };
  /** Undefined if there is nothing to do. */
  readonly plan: (root: string, request: Request, flags: ChangeFlags) => EnvironmentChange | undefined;
  readonly nothing: (request: Request) => string;
}

/** As node's parseArgs, whose errors become ours. */
export function parseArguments<T extends NonNullable<Parameters<typeof parseArgs>[0]>>(config: T) {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/**
 * Runs a command that moves an environment: shows the plan, asks, writes all of it as one, and commits if told to.
 *
 * @returns The exit code: 0 done or nothing to do, 1 refused, 2 wrong arguments.
 */
export async function runCommand<Request>(
  root: string,
  argv: readonly string[],
  terminal: Terminal,
  command: Command<Request>,
): Promise<number> {
  const { out, err } = terminal;
  try {
    // Asked for help, nobody wants to hear what else is wrong.
    if (argv.includes('--help') || argv.includes('-h')) {
      out.write(command.help);
      return 0;
    }
    const { request, flags } = command.parse(argv);
    if (recoverTree(root)) out.write('Completed a run that was stopped while it moved its files.\n');
    const change = command.plan(root, request, flags);
    if (change === undefined) {
      out.write(`${command.nothing(request)}\n`);
      return 0;
    }
    return await carryOut(root, change, flags, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      err.write(`${error.message}\n\n${command.help}`);
      return 2;
    }
    if (!isForTheUser(error)) throw error;
    err.write(`${paint(err, 'red', 'refused')} ${error.message}\n`);
    return 1;
  }
}

async function carryOut(
  root: string,
  change: EnvironmentChange,
  flags: ChangeFlags,
  { out, err, confirm }: Terminal,
): Promise<number> {
  out.write(renderSummary(change, readTree(root), out));
  if (flags['dry-run']) {
    out.write('\nNothing was written: this was a dry run.\n');
    return 0;
  }
  if (!flags.yes && confirm === undefined) {
    err.write('Nothing was written: there is nobody to ask here. Give --yes, or --dry-run to look only.\n');
    return 1;
  }
  if (!flags.yes && !(await confirm?.('\nWrite this? [y/N] '))) {
    out.write('Nothing was written.\n');
    return 1;
  }
  noteWritten(root, change);
  applyChange(root, change);
  const count = `${change.changes.length} ${change.changes.length === 1 ? 'file' : 'files'}`;
  out.write(`\nWrote ${count}.\n`);
  const message = change.message.replaceAll(/^(?=.)/gm, '  ');
  if (!flags.commit) {
    out.write(`Nothing is committed: --commit does so. The message to use:\n\n${message}`);
    return 0;
  }
  const folders = foldersOf(change.changes.map(({ path }) => path));
  try {
    out.write(`Committed as ${commitFolders(root, folders, change.message)}.\n`);
    return 0;
  } catch (error) {
    if (!isForTheUser(error)) throw error;
    err.write(`${paint(err, 'red', 'refused')} ${error.message}\n`);
    err.write(`All of it is written, and not committed. See to what git says, then:\n\n`);
    err.write(`  ${commandsOf(root, folders)}\n\nThe message in that file:\n\n${message}`);
    return 1;
  }
}

function readTree(root: string): Tree {
  const files = openProject(root);
  const paths = ['environments', 'argocd'].flatMap((folder) => files.listFiles(folder));
  return new Map(paths.map((path) => [path, files.findText(path) ?? '']));
}
