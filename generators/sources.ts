import { type EnvironmentReading, parseEnvironment } from '../catalog/environment.ts';
import { parseLock } from '../catalog/lock.ts';
import { suggest } from '../catalog/nearest.ts';
import { CatalogError, type Problem } from '../catalog/problem.ts';
import type { Catalog } from '../catalog/schema/catalog.ts';
import type { OutputFile } from './emit/output.ts';
import { type Images, imagesOfPool, parseImages } from './images.ts';
import type { RenderInputs } from './inputs.ts';
import type { ProjectFiles } from './project-files.ts';
import {
  findLockDigest,
  findPoolOfLock,
  findSourceOf,
  imagesPathOf,
  isGenerated,
  keptPathOf,
  lockPathOf,
  settingsPathOf,
} from './promotion/environment-files.ts';
import { poolLocksOf } from './promotion/held.ts';
import { digestOfTree, findKept } from './promotion/kept.ts';

/** The catalog as it stands in the working tree, and the lock it makes. */
export interface Head {
  readonly catalog: Catalog;
  readonly lock: { readonly text: string; readonly digest: string };
}

/** One environment, read and checked: what its tree is made from, or the tree itself where it is kept. */
export interface EnvironmentSource {
  readonly name: string;
  /** Of the catalog, as the lock states it. */
  readonly digest: string;
  /** Its locks as they are to be on the disk; of a kept environment, the whole tree. */
  readonly files: readonly OutputFile[];
  readonly content: RenderedContent | KeptContent;
}

interface RenderedContent {
  readonly inputs: RenderInputs;
  /** What pools that were promoted ahead of the others are rendered from instead, by pool. */
  readonly ahead: ReadonlyMap<string, RenderInputs>;
}

interface KeptContent {
  /** The commit whose tree it is. */
  readonly rev: string;
}

interface Reading<T> {
  readonly value?: T;
  readonly problems: readonly Problem[];
}

/**
 * Reads one environment; without a value when there is an error, or when it has no cluster to render for.
 *
 * @param init Take the catalog's head for the first lock.
 * @param isAsked The environment was named: having no cluster is then an error.
 * @param known Locks that need not be read again.
 */
export function readSource(
  files: ProjectFiles,
  name: string,
  head: Head,
  { init, isAsked }: { init: boolean; isAsked: boolean },
  known: LockCache,
): Reading<EnvironmentSource> {
  const settings = settingsPathOf(name);
  const keptText = files.findText(keptPathOf(name));
  if (keptText !== undefined && !init) return readKept(files, name, keptText);
  const read = readSettings(files, name, head.catalog);
  if (read.environment === undefined) return { problems: read.problems };
  // With embedded stores the environment is one process on one machine.
  if (read.environment.stores.kind === 'embedded') {
    const fix = 'name one with networked stores, or leave --environment out';
    return { problems: isAsked ? [problemOf(settings, 'GEN002', `${name} has no cluster to render for`, fix)] : [] };
  }
  if (read.environment.name !== name) {
    const message = `its name is "${read.environment.name}"`;
    return { problems: [problemOf(settings, 'GEN003', message, `name it ${name}, like its folder`)] };
  }
  const lock = read.environment.follow === 'head' ? headLock(name, head) : readOwnLock(files, name, head, init, known);
  const images = readImages(files, name);
  const ahead = readAhead(files, name, read.environment.follow, images.images, known);
  const problems = [...lock.problems, ...images.problems, ...ahead.problems];
  if (lock.value === undefined || images.images === undefined || ahead.value === undefined) return { problems };

  const inputsOf = ({ catalog, path }: Lock): Reading<RenderInputs> => {
    // What the environment names must exist in the catalog it renders from, not in another.
    const checked = catalog === head.catalog ? read : readSettings(files, name, catalog);
    if (checked.environment === undefined || images.images === undefined) return { problems: checked.problems };
    const own = imagesOfPool(images.images, findPoolOfLock(path));
    return { value: { catalog, environment: checked.environment, images: own }, problems: checked.problems };
  };
  const inputs = inputsOf(lock.value);
  const others = ahead.value.map((its) => ({ pool: its.pool, ...inputsOf(its) }));
  const all = [...problems, ...inputs.problems, ...others.flatMap((other) => other.problems)];
  if (inputs.value === undefined) return { problems: all };
  const value: EnvironmentSource = {
    name,
    digest: lock.value.digest,
    files: [lock.value, ...ahead.value].map(({ path, text }) => ({ path, text, sources: [] })),
    content: {
      inputs: inputs.value,
      ahead: new Map(others.flatMap(({ pool, value }) => (value === undefined ? [] : [[pool, value] as const]))),
    },
  };
  return { value, problems: all };
}

/** Locks by path, kept until their text changes. */
export type LockCache = Map<string, Lock>;

interface Lock {
  readonly path: string;
  readonly text: string;
  readonly catalog: Catalog;
  readonly digest: string;
}

function readSettings(files: ProjectFiles, name: string, catalog: Catalog): EnvironmentReading {
  const file = settingsPathOf(name);
  const content = files.find(file);
  if (content !== undefined) return parseEnvironment(file, content, catalog);
  const problem = problemOf(file, 'GEN003', 'the file is missing', `write it, or delete environments/${name}/`);
  return { environment: undefined, problems: [problem] };
}

function headLock(name: string, { catalog, lock }: Head): Reading<Lock> {
  return { value: { path: lockPathOf(name), catalog, ...lock }, problems: [] };
}

function readOwnLock(files: ProjectFiles, name: string, head: Head, init: boolean, known: LockCache): Reading<Lock> {
  const path = lockPathOf(name);
  const exists = files.find(path) !== undefined;
  if (init && exists) {
    const fix = 'leave out --init: from now on only a promotion changes it';
    return { problems: [problemOf(path, 'GEN004', `${name} has a lock already`, fix)] };
  }
  if (init) return headLock(name, head);
  if (!exists) {
    const fix = `run "npm run generate -- --init ${name}" to write its first one from today's catalog`;
    return { problems: [problemOf(path, 'GEN004', `${name} renders only from its own lock, and has none`, fix)] };
  }
  return readLock(files, name, path, known);
}

function readLock(files: ProjectFiles, name: string, path: string, known: LockCache): Reading<Lock> {
  const text = files.findText(path) ?? '';
  const before = known.get(path);
  if (before?.text === text) return { value: before, problems: [] };
  try {
    const lock: Lock = { path, text, catalog: parseLock(text, path), digest: findLockDigest(text) ?? '' };
    known.set(path, lock);
    return { value: lock, problems: [] };
  } catch (error) {
    if (!(error instanceof CatalogError)) throw error;
    // "Write it anew" is right for what follows the catalog, not for what only a promotion changes.
    const source = findSourceOf(name);
    const fix = `restore it from git, or promote: npm run promote -- ${source ?? '<environment>'} ${name}`;
    return { problems: error.problems.map((problem) => ({ ...problem, fix })) };
  }
}

/** Locks of pools that were promoted ahead: each with its images, and only where there is a lock to be ahead of. */
function readAhead(
  files: ProjectFiles,
  name: string,
  follow: 'head' | 'lock',
  images: Images | undefined,
  known: LockCache,
): Reading<(Lock & { pool: string })[]> {
  const paths = poolLocksOf(files, name);
  const withImages = Object.keys(images?.pools ?? {});
  const problems: Problem[] = [];
  const locks: (Lock & { pool: string })[] = [];
  for (const path of paths) {
    const pool = findPoolOfLock(path) ?? '';
    if (follow === 'head') {
      problems.push(problemOf(path, 'GEN006', `${name} follows the catalog, all pools alike`, 'delete the file'));
      continue;
    }
    const { value, problems: itsProblems } = readLock(files, name, path, known);
    problems.push(...itsProblems);
    if (value === undefined) continue;
    locks.push({ ...value, pool });
    const pools = value.catalog.pools.map(({ id }) => id);
    if (!pools.includes(pool)) {
      problems.push(problemOf(path, 'GEN006', `its catalog has no pool "${pool}"`, suggest(pool, pools)));
    } else if (images !== undefined && !withImages.includes(pool)) {
      const fix = `promote it by "--pool ${pool}", or promote the whole`;
      problems.push(problemOf(path, 'GEN006', `${imagesPathOf(name)} has no images of pool ${pool}`, fix));
    }
  }
  for (const pool of withImages.filter((pool) => !paths.includes(lockPathOf(name, pool)))) {
    const fix = 'delete its images, or promote the whole';
    problems.push(problemOf(imagesPathOf(name), 'GEN006', `pool ${pool} has images, but no lock of its own`, fix));
  }
  return problems.length > 0 ? { problems } : { value: locks, problems };
}

function readImages(files: ProjectFiles, name: string): ReturnType<typeof parseImages> {
  const file = imagesPathOf(name);
  const content = files.find(file);
  if (content !== undefined) return parseImages(file, content);
  const fix = 'write it: images, then for each its repository and tag';
  return { images: undefined, problems: [problemOf(file, 'GEN005', 'the file is missing', fix)] };
}

/** An environment whose tree is kept: its files as they are, if they are still what they were. */
function readKept(files: ProjectFiles, name: string, text: string): Reading<EnvironmentSource> {
  const path = keptPathOf(name);
  const kept = findKept(text);
  if (kept === undefined) {
    const fix = `restore it from git; a promotion to ${name} removes it`;
    return { problems: [problemOf(path, 'GEN008', 'it does not say which revision and digest is kept', fix)] };
  }
  const tree = [...files.listFiles(`environments/${name}`), ...files.listFiles('argocd')]
    .filter((file) => isGenerated(name, file))
    .map((file) => ({ path: file, text: files.findText(file) ?? '', sources: [] }));
  if (digestOfTree(tree) !== kept.digest) {
    const message = `${name} is kept as ${kept.rev.slice(0, 7)} had it, but its files were changed since`;
    const fix = `run "npm run rollback -- ${name} --to ${kept.rev.slice(0, 7)}", or promote`;
    return { problems: [problemOf(path, 'GEN008', message, fix)] };
  }
  const digest = findLockDigest(files.findText(lockPathOf(name)) ?? '') ?? '';
  return {
    value: { name, digest, files: [...tree, { path, text, sources: [] }], content: { rev: kept.rev } },
    problems: [],
  };
}

export function problemOf(file: string, code: string, message: string, fix: string): Problem {
  return { file, line: 1, col: 1, code, message, fix, severity: 'error' };
}
