import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { refuse } from './refusal.ts';

/** A file as a revision has it. */
export interface FileAt {
  readonly path: string;
  readonly text: string;
}

const outputBytesMax = 1024 * 1024 * 1024;

/** True in a git checkout. Paths everywhere here are relative to the project's root, wherever the checkout begins. */
export function isCheckout(root: string): boolean {
  return tryGit(root, ['rev-parse', '--is-inside-work-tree']).status === 0;
}

/** True when older commits were left out, as CI does to save time. */
export function isShallow(root: string): boolean {
  return runGit(root, ['rev-parse', '--is-shallow-repository']).trim() === 'true';
}

/** The full id of a commit; undefined if there is none of that name. */
export function findCommit(root: string, revision: string): string | undefined {
  const { status, stdout } = tryGit(root, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${revision}^{commit}`,
  ]);
  return status === 0 ? stdout.toString('utf8').trim() : undefined;
}

export function isAncestor(root: string, revision: string, of: string): boolean {
  return tryGit(root, ['merge-base', '--is-ancestor', revision, of]).status === 0;
}

/** Changed, staged and unknown files below the folders, as `git status` tells them. */
export function dirtyFilesIn(root: string, folders: readonly string[]): string[] {
  const text = runGit(root, ['status', '--porcelain', '--untracked-files=all', '--', ...folders]);
  return text.split('\n').filter((line) => line !== '');
}

/** As dirtyFilesIn, the paths alone, from the project's root; of a renamed file both. */
export function dirtyPathsIn(root: string, folders: readonly string[]): string[] {
  const prefix = runGit(root, ['rev-parse', '--show-prefix']).trimEnd();
  const text = runGit(root, ['status', '--porcelain', '-z', '--no-renames', '--untracked-files=all', '--', ...folders]);
  return text
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => line.slice('?? '.length + prefix.length));
}

/** Where git keeps a file of ours that is no part of the project, as one names it from the project's root. */
export function gitDirPathOf(root: string, name: string): string {
  return runGit(root, ['rev-parse', '--git-path', name]).trimEnd();
}

export function writeGitDirText(root: string, name: string, text: string): void {
  writeFileSync(resolve(root, gitDirPathOf(root, name)), text);
}

export function findGitDirText(root: string, name: string): string | undefined {
  const path = resolve(root, gitDirPathOf(root, name));
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** Commits that changed one of the paths, newest first, merged branches included. */
export function commitsOf(root: string, revision: string, paths: readonly string[]): string[] {
  return linesOf(runGit(root, ['log', '--full-history', '--format=%H', revision, '--', ...paths]));
}

/** Commits of the branch itself that changed one of the paths, newest first: a merge counts as one. */
export function branchCommitsOf(root: string, paths: readonly string[], max: number): string[] {
  const format = ['--first-parent', `--max-count=${max}`, '--format=%H'];
  return linesOf(runGit(root, ['log', ...format, 'HEAD', '--', ...paths]));
}

/** `1a2b3c4 2026-01-31 Subject` */
export function describeCommit(root: string, revision: string): string {
  return runGit(root, ['log', '-1', '--abbrev=7', '--format=%h %cs %s', revision]).trim();
}

/** A trailer of the last commit up to the revision that changed one of the paths, merges aside; empty if it has none. */
export function lastTrailerOf(root: string, revision: string, paths: readonly string[], key: string): string {
  const format = `--format=%(trailers:key=${key},valueonly)`;
  return runGit(root, ['log', '-1', '--no-merges', format, revision, '--', ...paths]).trim();
}

/** The id that git gives a file's content. */
export function blobOf(root: string, text: string): string {
  return runGit(root, ['hash-object', '--stdin', '--no-filters'], text).trim();
}

/** Ids of the contents of `revision:path`, in their order; undefined where there is no such file. */
export function findBlobs(root: string, places: readonly string[]): (string | undefined)[] {
  if (places.length === 0) return [];
  const input = places.map((place) => `${place}\n`).join('');
  const found = linesOf(runGit(root, ['cat-file', '--batch-check=%(objectname)'], input));
  return found.map((line) => (line.includes(' ') ? undefined : line));
}

/** `revision:path` for git, when the checkout begins above the project. */
export function placeAt(revision: string, path: string): string {
  return `${revision}:./${path}`;
}

/** A file's text in a revision; undefined if it has none. */
export function findTextAt(root: string, revision: string, path: string): string | undefined {
  const { status, stdout } = tryGit(root, ['cat-file', 'blob', placeAt(revision, path)]);
  return status === 0 ? stdout.toString('utf8') : undefined;
}

/** Every file below the folders in a revision, sorted by path. */
export function filesAt(root: string, revision: string, folders: readonly string[]): FileAt[] {
  const listed = runGit(root, ['ls-tree', '-r', '-z', '--format=%(objectname) %(path)', revision, '--', ...folders])
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => ({ blob: line.slice(0, line.indexOf(' ')), path: line.slice(line.indexOf(' ') + 1) }));
  const texts = readBlobs(root, [...new Set(listed.map(({ blob }) => blob))]);
  return listed
    .map(({ blob, path }) => ({ path, text: texts.get(blob) ?? '' }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Records what stands below the folders, and nothing else that happens to be staged. */
export function commitFolders(root: string, folders: readonly string[], message: string): string {
  runGit(root, ['add', '--all', '--', ...folders]);
  runGit(root, ['commit', '--quiet', '--file=-', '--', ...folders], message);
  return runGit(root, ['rev-parse', '--short', 'HEAD']).trim();
}

/** Runs git, whose message is told when it fails. */
export function runGit(root: string, args: readonly string[], input?: string): string {
  const { status, stdout, stderr, error } = tryGit(root, args, input);
  if (status === 0) return stdout.toString('utf8');
  const why = error?.message ?? stderr.toString('utf8').trim();
  return refuse(
    `git ${args[0] ?? ''}`,
    why === '' ? `ended with ${String(status)}` : why,
    'see to that, then try again',
  );
}

function readBlobs(root: string, blobs: readonly string[]): Map<string, string> {
  if (blobs.length === 0) return new Map();
  const input = blobs.map((blob) => `${blob}\n`).join('');
  const { status, stdout } = tryGit(root, ['cat-file', '--batch'], input);
  if (status !== 0) refuse('git cat-file', 'cannot read the history', 'run "git fsck"');
  const texts = new Map<string, string>();
  for (let at = 0; at < stdout.length; ) {
    const end = stdout.indexOf('\n', at);
    const [blob = '', , size] = stdout.toString('utf8', at, end).split(' ');
    const start = end + 1;
    texts.set(blob, stdout.toString('utf8', start, start + Number(size)));
    at = start + Number(size) + 1;
  }
  return texts;
}

function tryGit(root: string, args: readonly string[], input?: string) {
  const { status, stdout, stderr, error } = spawnSync('git', args, {
    cwd: root,
    maxBuffer: outputBytesMax,
    ...(input === undefined ? {} : { input }),
  });
  // Without git at all there is no output either.
  return { status, stdout: stdout ?? Buffer.alloc(0), stderr: stderr ?? Buffer.alloc(0), error };
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
