import { openProject } from '../project-files.ts';
import type { EnvironmentChange } from './environment-change.ts';
import { dirtyPathsIn, findGitDirText, gitDirPathOf, isCheckout, writeGitDirText } from './git.ts';
import { digestOfTree } from './kept.ts';

/** Kept beside git's own files, so that a change that was written outlives the process that was to commit it. */
const messageName = 'defimon-change-message';
const recordName = 'defimon-change.json';

/** A promotion, rollback or release that stands in the working tree as it was written. */
export interface Written {
  /** The first line of its message. */
  readonly subject: string;
  /** The commands that commit it. */
  readonly commands: string;
}

/** Notes what is about to be written: its message, and how the tree looks after it. */
export function noteWritten(root: string, { changes, message }: EnvironmentChange): void {
  if (!isCheckout(root)) return;
  const files = changes.flatMap(({ path, after }) => (after === undefined ? [] : [{ path, text: after }]));
  const record = { paths: changes.map(({ path }) => path), digest: digestOfTree(files) };
  writeGitDirText(root, messageName, message);
  writeGitDirText(root, recordName, `${JSON.stringify(record)}\n`);
}

/**
 * The last change that was noted, if the working tree holds the whole of it and nothing else below the folders: it was
 * never committed, since the process was stopped, or git refused.
 */
export function findWritten(root: string, folders: readonly string[]): Written | undefined {
  const record = parseRecord(findGitDirText(root, recordName));
  const message = findGitDirText(root, messageName);
  if (record === undefined || message === undefined) return undefined;
  const noted = new Set(record.paths);
  if (dirtyPathsIn(root, folders).some((path) => !noted.has(path))) return undefined;
  const files = openProject(root);
  const present = record.paths.flatMap((path) => {
    const text = files.findText(path);
    return text === undefined ? [] : [{ path, text }];
  });
  if (digestOfTree(present) !== record.digest) return undefined;
  return { subject: message.split('\n')[0] ?? '', commands: commandsOf(root, foldersOf(record.paths)) };
}

/** The commands that commit what was noted. */
export function commandsOf(root: string, folders: readonly string[]): string {
  const where = folders.join(' ');
  return `git add --all -- ${where} && git commit --file=${gitDirPathOf(root, messageName)} -- ${where}`;
}

/** The topmost folders of paths. */
export function foldersOf(paths: readonly string[]): string[] {
  return [...new Set(paths.map((path) => path.split('/')[0] ?? path))];
}

function parseRecord(text: string | undefined): { paths: readonly string[]; digest: string } | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    if (typeof value !== 'object' || value === null || !('paths' in value) || !('digest' in value)) return undefined;
    const { paths, digest } = value;
    if (!Array.isArray(paths) || typeof digest !== 'string') return undefined;
    return { paths: paths.map(String), digest };
  } catch {
    // Half written, when the process was stopped: nothing else was written then.
    return undefined;
  }
}
