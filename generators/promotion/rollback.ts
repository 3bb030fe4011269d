import { byPath, type OutputFile } from '../emit/output.ts';
import { compareTree } from '../emit/tree.ts';
import { parseImages } from '../images.ts';
import { openProject, type ProjectFiles } from '../project-files.ts';
import { isForTheUser } from '../terminal.ts';
import { readGeneration } from '../workspace.ts';
import { commitMessage } from './commit-message.ts';
import type { EnvironmentChange } from './environment-change.ts';
import { belongsTo, findLockDigest, imagesPathOf, isGenerated, keptPathOf, lockPathOf } from './environment-files.ts';
import {
  branchCommitsOf,
  describeCommit,
  type FileAt,
  filesAt,
  findCommit,
  findTextAt,
  isAncestor,
  isShallow,
  lastTrailerOf,
} from './git.ts';
import { poolLocksOf } from './held.ts';
import { digestOfTree, renderKept } from './kept.ts';
import { readIrreversible, refuseLostMigrations } from './migrations.ts';
import { readImagesOf, requireCleanCheckout, requireLocked } from './preconditions.ts';
import { refuse } from './refusal.ts';

export interface RollbackRequest {
  readonly environment: string;
  /** The commit whose state is restored; left out: the one before the last change of lock or images. */
  readonly to?: string;
}

const rolledBack = 'Rolled-Back-To';
const statesShownMax = 6;

/**
 * What it takes to give an environment the files that it had at a commit, byte for byte: nothing is rendered anew, so
 * that a fault of today's catalog or generators cannot stand in the way. Writes nothing.
 *
 * @returns Undefined if the files are the same.
 * @throws RefusalError when it cannot be done; the message says what to do.
 */
export function planRollback(root: string, { environment, to }: RollbackRequest): EnvironmentChange | undefined {
  const files = openProject(root);
  requireLocked(files, environment, 'rollback');
  requireCleanCheckout(root);
  const rev = to === undefined ? previousState(root, files, environment) : namedState(root, environment, to);
  const restored = filesAt(root, rev, ['environments', 'argocd']).filter(({ path }) => belongsTo(environment, path));
  const present = listPresent(files, environment);
  if (isSameTree(files, present, restored)) return undefined;

  const before = readImagesOf(files, environment).images;
  const after = imagesAt(root, rev, environment);
  refuseLostMigrations(environment, before, after, readIrreversible(files));

  const isKeptAlready = restored.some(({ path }) => path === keptPathOf(environment));
  const isKept = !isKeptAlready && !isRenderedToday(root, environment, present, restored);
  const tree = restored.filter(({ path }) => isGenerated(environment, path));
  const kept = { path: keptPathOf(environment), text: renderKept({ rev, digest: digestOfTree(tree) }) };
  const wanted = [...restored, ...(isKept ? [kept] : [])].map((file) => ({ ...file, sources: [] })).sort(byPath);
  const owned = ownedOf(environment, [...present, ...wanted.map(({ path }) => path)]);
  return {
    environments: [environment],
    files: wanted,
    owned,
    changes: compareTree(root, wanted, owned),
    images: [{ environment, before, after }],
    notes: [`Restores ${describeCommit(root, rev)}, byte for byte.`, ...(isKept ? [keptNote(environment)] : [])],
    message: messageOf(environment, rev, wanted, after),
  };
}

/** The state before the branch last changed the environment's lock or images. */
function previousState(root: string, files: ProjectFiles, environment: string): string {
  const where = `environments/${environment}`;
  const paths = statePathsOf(files, environment);
  const [last] = branchCommitsOf(root, paths, 1);
  if (last === undefined) return refuse(where, 'has never changed', 'there is nothing to roll back');
  // Back and forth between two states is nobody's wish: the second rollback would bring the fault back.
  if (lastTrailerOf(root, last, paths, rolledBack) !== '') {
    const fix = `name the state with --to:${statesShown(root, files, environment)}\n`;
    return refuse(where, `its last change was a rollback (${describeCommit(root, last)})`, fix);
  }
  const rev = findCommit(root, `${last}^`);
  if (rev !== undefined && findTextAt(root, rev, lockPathOf(environment)) !== undefined) return rev;
  if (rev === undefined && isShallow(root)) {
    return refuse('the history', 'is not whole here', 'fetch it: "git fetch --unshallow", or GIT_DEPTH: 0 in GitLab');
  }
  return refuse(
    where,
    `there is no earlier state: ${describeCommit(root, last)} is its first`,
    'correct the catalog, and promote',
  );
}

function namedState(root: string, environment: string, to: string): string {
  const rev = findCommit(root, to);
  const files = openProject(root);
  if (rev === undefined) {
    const fix = isShallow(root)
      ? 'fetch the whole history: "git fetch --unshallow", or GIT_DEPTH: 0 in GitLab'
      : `name a commit; ${environment} changed in:${statesShown(root, files, environment)}\n`;
    return refuse('--to', `there is no revision ${to}`, fix);
  }
  if (!isAncestor(root, rev, 'HEAD')) {
    const fix = `name one of this branch; ${environment} changed in:${statesShown(root, files, environment)}\n`;
    return refuse('--to', `${to} is not in the history of this branch, so ${environment} never stood there`, fix);
  }
  if (findTextAt(root, rev, lockPathOf(environment)) === undefined) {
    const fix = `name a later one; ${environment} changed in:${statesShown(root, files, environment)}\n`;
    return refuse('--to', `${to} has no ${lockPathOf(environment)}`, fix);
  }
  return rev;
}

/** The last commits that changed the environment's locks or images, a line each. */
function statesShown(root: string, files: ProjectFiles, environment: string): string {
  const commits = branchCommitsOf(root, statePathsOf(files, environment), statesShownMax);
  return commits.map((commit) => `\n  ${describeCommit(root, commit)}`).join('');
}

function statePathsOf(files: ProjectFiles, environment: string): string[] {
  const locks = [lockPathOf(environment), ...poolLocksOf(files, environment), `:(glob)${lockPathOf(environment, '*')}`];
  return [...locks, imagesPathOf(environment), keptPathOf(environment)];
}

function listPresent(files: ProjectFiles, environment: string): string[] {
  const all = [...files.listFiles(`environments/${environment}`), ...files.listFiles('argocd')];
  return all.filter((path) => belongsTo(environment, path));
}

function isSameTree(files: ProjectFiles, present: readonly string[], restored: readonly FileAt[]): boolean {
  const isSame = ({ path, text }: FileAt) => files.findText(path) === text;
  return present.length === restored.length && restored.every(isSame);
}

function imagesAt(root: string, rev: string, environment: string) {
  const path = imagesPathOf(environment);
  const { images } = parseImages(path, findTextAt(root, rev, path) ?? '');
  return images ?? refuse(path, `cannot be read as it was in ${rev.slice(0, 7)}`, 'name another state with --to');
}

/** Whether the generators of today make of the restored locks and settings the tree that is restored. */
function isRenderedToday(
  root: string,
  environment: string,
  present: readonly string[],
  restored: readonly FileAt[],
): boolean {
  const gone = present.map((path) => [path, undefined] as const);
  const changes = new Map([...gone, ...restored.map(({ path, text }) => [path, text] as const)]);
  try {
    const { generation } = readGeneration(root, { changes });
    if (generation === undefined) return false;
    const rendered = new Map(generation.files.map(({ path, text }) => [path, text]));
    const tree = restored.filter(({ path }) => isGenerated(environment, path) && path !== imagesPathOf(environment));
    const count = [...rendered.keys()].filter((path) => isGenerated(environment, path)).length;
    return count === tree.length && tree.every(({ path, text }) => rendered.get(path) === text);
  } catch (error) {
    if (isForTheUser(error)) return false;
    throw error;
  }
}

/** The environment's own folders and files; of argocd/, only its own files. */
function ownedOf(environment: string, paths: readonly string[]) {
  const isInCluster = (path: string) => path.startsWith(`environments/${environment}/`) && path.split('/').length > 3;
  const folders = paths.filter(isInCluster).map((path) => path.split('/').slice(0, 3).join('/'));
  return {
    folders: [...new Set(folders)].sort(),
    files: [...new Set(paths.filter((path) => !isInCluster(path)))].sort(),
  };
}

function keptNote(environment: string): string {
  return (
    `Today's generators would render ${environment} differently: ${keptPathOf(environment)} keeps it as it was, ` +
    'until the next promotion.'
  );
}

function messageOf(
  environment: string,
  rev: string,
  wanted: readonly OutputFile[],
  images: ReturnType<typeof imagesAt>,
): string {
  const lock = wanted.find(({ path }) => path === lockPathOf(environment))?.text ?? '';
  return commitMessage(`Roll ${environment} back to ${rev.slice(0, 7)}`, {
    catalogDigest: findLockDigest(lock) ?? '',
    images,
    others: { [rolledBack]: rev },
  });
}
