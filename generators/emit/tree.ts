import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { OutputFile } from './output.ts';

/**
 * What belongs to the generator on disk. Inside an owned folder every file is ours, and one we do not produce is
 * removed; everything outside, such as `environments/staging/environment.yaml`, is the reader's.
 */
export interface Owned {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

export interface Change {
  readonly path: string;
  readonly kind: 'added' | 'changed' | 'removed';
  /** The bytes on disk; absent when added. */
  readonly before?: string;
  /** The bytes to be written; absent when removed. */
  readonly after?: string;
}

/** The generator cannot go on: the message says what to do. */
export class TreeError extends Error {
  override name = 'TreeError';
}

/** One owned folder or file that a new one replaces, or that goes. */
interface Move {
  readonly place: string;
  readonly remove: boolean;
}

/** The folder where a new tree is prepared; on the same disk as the old one, so that a move is a rename. */
const workFolder = '.generate';

/** Compares what is to be written with what is there, byte for byte. Reads only. */
export function compareTree(root: string, files: readonly OutputFile[], owned: Owned): Change[] {
  const wanted = new Map(files.map((file) => [file.path, file.text]));
  for (const path of wanted.keys()) getPlace(path, owned);
  const changes: Change[] = [];
  for (const path of ownedFiles(root, owned)) {
    if (!wanted.has(path)) changes.push({ path, kind: 'removed', before: findText(join(root, path)) ?? '' });
  }
  for (const [path, after] of wanted) {
    const before = findText(join(root, path));
    if (before === undefined) changes.push({ path, kind: 'added', after });
    else if (before !== after) changes.push({ path, kind: 'changed', before, after });
  }
  return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * Makes the owned folders and files on disk equal to `files`.
 *
 * Nothing is touched when the bytes are equal. Otherwise every folder that changes is built whole beside the old one
 * (unchanged files are hard links to the old ones), a journal of the moves is written, and each folder is moved in.
 * Killed before the journal is complete, the old tree stands; killed after it, `recoverTree` finishes the moves, and
 * every later run begins with it. No half-written file or half-filled folder is ever in place; at worst a folder is
 * absent until then, and `isInterrupted` says so.
 *
 * @param step Called before each step, for tests that stop there.
 * @returns What was changed.
 */
export function replaceTree(
  root: string,
  files: readonly OutputFile[],
  owned: Owned,
  step: (name: string) => void = () => {},
): Change[] {
  claimWork(root);
  try {
    const changes = compareTree(root, files, owned);
    const places = new Set(changes.map(({ path }) => getPlace(path, owned)));
    if (places.size > 0) {
      prepare(root, files, owned, changes, places, step);
      const moves = [...places].sort().map((place) => ({ place, remove: !existsSync(newPath(root, place)) }));
      step('journal');
      writeWhole(join(root, workFolder, 'journal.json'), `${JSON.stringify(moves)}\n`);
      finishMoves(root, moves, step);
    }
    step('clean');
    rmSync(join(root, workFolder), { recursive: true, force: true });
    return changes;
  } catch (error) {
    // A failure before the journal leaves the old tree; the prepared one is of no use. After it, recovery needs it.
    if (!existsSync(join(root, workFolder, 'journal.json'))) {
      rmSync(join(root, workFolder), { recursive: true, force: true });
    }
    throw error;
  }
}

/**
 * The part of a tree that replaceTree has to look at when nothing but `paths` differs from what it wrote last: the owned
 * folders and files that these lie in.
 */
export function narrowTree(
  files: readonly OutputFile[],
  owned: Owned,
  paths: readonly string[],
): { files: OutputFile[]; owned: Owned } {
  const places = new Set(paths.map((path) => findPlace(path, owned)));
  return {
    files: files.filter(({ path }) => places.has(getPlace(path, owned))),
    owned: {
      folders: owned.folders.filter((folder) => places.has(folder)),
      files: owned.files.filter((file) => places.has(file)),
    },
  };
}

/** True when a run was stopped among its moves, so that the tree is neither the old nor the new one. Reads only. */
export function isInterrupted(root: string): boolean {
  return existsSync(join(root, workFolder, 'journal.json'));
}

/**
 * Finishes the moves of a run that was stopped, or drops what it had prepared.
 *
 * @returns True when there were moves to finish.
 * @throws TreeError when that run is not stopped at all, but at work.
 */
export function recoverTree(root: string, step: (name: string) => void = () => {}): boolean {
  const folder = join(root, workFolder);
  if (!existsSync(folder)) return false;
  const holder = Number(findText(join(folder, 'pid')));
  if (holder !== process.pid && isAlive(holder)) {
    throw new TreeError(
      `another generate runs as process ${holder}: wait for it (if that is no generate, delete ${workFolder}/pid)`,
    );
  }
  const journal = findText(join(folder, 'journal.json'));
  if (journal !== undefined) finishMoves(root, parseMoves(journal), step);
  rmSync(folder, { recursive: true, force: true });
  return journal !== undefined;
}

/** Takes the work folder for this process; a second generator at the same time would undo the first. */
function claimWork(root: string): void {
  recoverTree(root);
  const folder = join(root, workFolder);
  mkdirSync(folder);
  writeFileSync(join(folder, 'pid'), String(process.pid));
  writeFileSync(join(folder, '.gitignore'), '*\n');
}

function prepare(
  root: string,
  files: readonly OutputFile[],
  owned: Owned,
  changes: readonly Change[],
  places: ReadonlySet<string>,
  step: (name: string) => void,
): void {
  const changed = new Set(changes.map(({ path }) => path));
  const made = new Set<string>();
  for (const file of files) {
    if (!places.has(getPlace(file.path, owned))) continue;
    step(`prepare ${file.path}`);
    const target = newPath(root, file.path);
    const folder = dirname(target);
    if (!made.has(folder)) mkdirSync(folder, { recursive: true });
    made.add(folder);
    if (changed.has(file.path)) writeFileSync(target, file.text);
    else linkOrCopy(join(root, file.path), target);
  }
}

/** Safe to run again from the start however far it came: what is done shows on the disk. */
function finishMoves(root: string, moves: readonly Move[], step: (name: string) => void): void {
  for (const { place, remove } of moves) {
    const current = join(root, place);
    const coming = newPath(root, place);
    if (remove) {
      moveOut(root, place, step);
      removeEmpty(dirname(current), root);
    } else if (existsSync(coming)) {
      // A file is replaced by the rename itself; a folder has to make room first.
      if (lstatSync(coming).isDirectory()) moveOut(root, place, step);
      mkdirSync(dirname(current), { recursive: true });
      step(`move ${place} in`);
      renameSync(coming, current);
    }
  }
  step('forget journal');
  rmSync(join(root, workFolder, 'journal.json'), { force: true });
}

function moveOut(root: string, place: string, step: (name: string) => void): void {
  const current = join(root, place);
  const going = join(root, workFolder, 'old', place);
  if (!existsSync(current)) return;
  if (existsSync(going)) {
    throw new TreeError(`${place} came back while it was being replaced: move it away and run "npm run generate"`);
  }
  mkdirSync(dirname(going), { recursive: true });
  step(`move ${place} out`);
  renameSync(current, going);
}

/** The owned folder or file that `path` belongs to: the unit that is moved. */
function getPlace(path: string, owned: Owned): string {
  const place = findPlace(path, owned);
  if (place === undefined) throw new TreeError(`${path} lies in no folder that the generator owns`);
  return place;
}

function findPlace(path: string, owned: Owned): string | undefined {
  return owned.files.includes(path) ? path : owned.folders.find((owner) => path.startsWith(`${owner}/`));
}

function ownedFiles(root: string, owned: Owned): string[] {
  const inFolders = owned.folders.flatMap((folder) => filesUnder(root, folder));
  return [...inFolders, ...owned.files.filter((path) => existsSync(join(root, path)))];
}

function filesUnder(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesUnder(root, path) : [path];
  });
}

function newPath(root: string, path: string): string {
  return join(root, workFolder, 'new', path);
}

function findText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EISDIR'))
      return undefined;
    throw error;
  }
}

/** Writes under another name first: a file of this name is always complete. */
function writeWhole(file: string, text: string): void {
  writeFileSync(`${file}.part`, text);
  renameSync(`${file}.part`, file);
}

/** A hard link keeps the file's time, so that tools which watch it see nothing; some disks have none. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    writeFileSync(to, readFileSync(from));
  }
}

function removeEmpty(folder: string, root: string): void {
  if (folder === root || !existsSync(folder) || readdirSync(folder).length > 0) return;
  rmdirSync(folder);
  removeEmpty(dirname(folder), root);
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function parseMoves(journal: string): readonly Move[] {
  const moves: unknown = JSON.parse(journal);
  if (!Array.isArray(moves) || !moves.every(isMove)) {
    throw new TreeError(`${workFolder}/journal.json is damaged: delete ${workFolder}/ and run "npm run generate"`);
  }
  return moves;
}

function isMove(value: unknown): value is Move {
  return (
    typeof value === 'object' &&
    value !== null &&
    'place' in value &&
    typeof value.place === 'string' &&
    'remove' in value &&
    typeof value.remove === 'boolean'
  );
}
