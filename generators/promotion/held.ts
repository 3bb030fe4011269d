import type { Problem } from '../../catalog/problem.ts';
import { canonicalImages, type Images, imagesOfPool, parseImages } from '../images.ts';
import type { ProjectFiles } from '../project-files.ts';
import {
  findPoolOfLock,
  findSourceOf,
  imagesPathOf,
  isGenerated,
  keptPathOf,
  lockPathOf,
} from './environment-files.ts';
import {
  blobOf,
  commitsOf,
  filesAt,
  findBlobs,
  findCommit,
  findTextAt,
  isCheckout,
  isShallow,
  placeAt,
} from './git.ts';
import { digestOfTree, findKept } from './kept.ts';

/** Where the history that may vouch for a lock ends. */
export const wholeHistory = 'HEAD';

/**
 * Whether the environment from which this one is promoted has ever held what it holds: the lock and the images, at the
 * same time. A lock that was written by hand, or copied in the merge request that also changes the catalog, has not.
 *
 * @param revision Where to look from: the target branch in a merge request, whose own commits then do not count.
 * @returns An error for each lock that was not held, a warning where the history is not at hand to tell.
 */
export function checkHeld(root: string, files: ProjectFiles, environment: string, revision: string): Problem[] {
  const source = findSourceOf(environment);
  const locks = [lockPathOf(environment), ...poolLocksOf(files, environment)].filter((path) => files.find(path));
  const [first] = locks;
  if (source === undefined || first === undefined) return [];
  const unsure = (why: string, fix: string): Problem[] => [
    problemOf(first, `cannot tell whether ${source} ever held it: ${why}`, fix, 'warning'),
  ];
  if (!isCheckout(root)) return unsure('this is no git checkout', 'check it in one');
  const shallow = isShallow(root);
  const fetchAll = 'fetch the whole history: "git fetch --unshallow", or GIT_DEPTH: 0 in GitLab';
  if (findCommit(root, revision) === undefined) {
    return unsure(`there is no revision ${revision} here`, shallow ? fetchAll : 'name one that is, or commit first');
  }
  const present = parseImages(imagesPathOf(environment), files.find(imagesPathOf(environment)) ?? '').images;
  // Its own problems are told where it is read.
  if (present === undefined) return [];

  const isFirst = commitsOf(root, revision, [lockPathOf(environment)]).length === 0;
  const states = isFirst ? [] : readStates(root, revision, source);
  const problems = locks.flatMap((path): Problem[] => {
    const text = files.findText(path) ?? '';
    const images = imagesOfPool(present, findPoolOfLock(path));
    if (isFirst) return checkFirst(files, path, source, text, images);
    const blob = blobOf(root, text);
    const withLock = states.filter(({ lock }) => lock === blob);
    if (withLock.some((state) => isEqual(state.images(), images))) return [];
    if (shallow) return unsure('the history here is not whole', fetchAll);
    const what = withLock.length === 0 ? 'this lock' : 'this lock together with these images';
    const fix = `restore it ("git checkout ${revision} -- environments/${environment}"), or promote: ${promoteCommand(source, environment)}`;
    return [problemOf(path, `${source} never held ${what}`, fix, 'error')];
  });
  return [...problems, ...checkKeptRevision(root, files, environment, shallow ? fetchAll : undefined)];
}

/** Locks of the pools that were promoted ahead, sorted. */
export function poolLocksOf(files: ProjectFiles, environment: string): string[] {
  const folder = `environments/${environment}`;
  return files
    .listNames(folder)
    .map((name) => `${folder}/${name}`)
    .filter((path) => findPoolOfLock(path) !== undefined);
}

function promoteCommand(source: string, environment: string): string {
  return `npm run promote -- ${source} ${environment}`;
}

/** The first lock ever is today's catalog, and what its source has now. */
function checkFirst(files: ProjectFiles, path: string, source: string, text: string, images: Images): Problem[] {
  const itsImages = parseImages(imagesPathOf(source), files.find(imagesPathOf(source)) ?? '').images;
  if (files.findText(lockPathOf(source)) === text && isEqual(itsImages, images)) return [];
  const fix = `the first lock is written by "npm run generate -- --init", with the images of ${source}`;
  return [problemOf(path, `the first lock is not what ${source} holds`, fix, 'error')];
}

interface State {
  readonly lock: string | undefined;
  readonly images: () => Images | undefined;
}

/** Every pair of lock and images that an environment had at a commit, newest first. */
function readStates(root: string, revision: string, environment: string): State[] {
  const paths = [lockPathOf(environment), imagesPathOf(environment)];
  const commits = commitsOf(root, revision, paths);
  const blobs = findBlobs(
    root,
    commits.flatMap((commit) => paths.map((path) => placeAt(commit, path))),
  );
  return commits.map((commit, index) => ({
    lock: blobs[2 * index],
    images: () => {
      const text = findTextAt(root, commit, imagesPathOf(environment));
      return text === undefined ? undefined : parseImages(imagesPathOf(environment), text).images;
    },
  }));
}

/** A kept tree must be the one that its revision has: a digest alone could have been written with it. */
function checkKeptRevision(
  root: string,
  files: ProjectFiles,
  environment: string,
  shallowFix: string | undefined,
): Problem[] {
  const path = keptPathOf(environment);
  const kept = findKept(files.findText(path) ?? '');
  if (kept === undefined) return [];
  if (findCommit(root, kept.rev) === undefined) {
    const message = `there is no commit ${kept.rev} here, so its tree cannot be compared`;
    const severity = shallowFix === undefined ? 'error' : 'warning';
    return [problemOf(path, message, shallowFix ?? 'roll back anew: it names the commit', severity)];
  }
  const tree = filesAt(root, kept.rev, ['environments', 'argocd']).filter((file) =>
    isGenerated(environment, file.path),
  );
  if (digestOfTree(tree) === kept.digest) return [];
  const fix = `run "npm run rollback -- ${environment} --to ${kept.rev}", which restores it`;
  return [problemOf(path, `the digest is not that of the tree in ${kept.rev}`, fix, 'error')];
}

function isEqual(a: Images | undefined, b: Images): boolean {
  return a !== undefined && canonicalImages(a) === canonicalImages(b);
}

function problemOf(file: string, message: string, fix: string, severity: Problem['severity']): Problem {
  return { file, line: 1, col: 1, code: 'GEN007', message, fix, severity };
}
