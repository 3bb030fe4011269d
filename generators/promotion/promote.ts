import { parseLock } from '../../catalog/lock.ts';
import { suggest } from '../../catalog/nearest.ts';
import { byPath, type OutputFile } from '../emit/output.ts';
import { compareTree } from '../emit/tree.ts';
import { canonicalImages, type Images, imagesOfPool, rewriteImages } from '../images.ts';
import { openProject, type ProjectFiles } from '../project-files.ts';
import { readGeneration } from '../workspace.ts';
import { commitMessage } from './commit-message.ts';
import type { EnvironmentChange } from './environment-change.ts';
import { belongsTo, findLockDigest, findSourceOf, imagesPathOf, keptPathOf, lockPathOf } from './environment-files.ts';
import { findCommit, findTextAt } from './git.ts';
import { poolLocksOf } from './held.ts';
import { readIrreversible, refuseLostMigrations } from './migrations.ts';
import {
  readImagesOf,
  refuseProblems,
  requireCleanCheckout,
  requireEnvironment,
  requireLocked,
} from './preconditions.ts';
import { refuse } from './refusal.ts';

export interface PromoteRequest {
  readonly source: string;
  readonly target: string;
  /** Promote this pool alone, ahead of the others. */
  readonly pool?: string;
}

/** The catalog and the images that an environment holds, which only go together. */
interface Snapshot {
  readonly lock: string;
  readonly digest: string;
  readonly images: Images;
}

/**
 * What it takes to give `target` the lock and the images that `source` holds, as one. Writes nothing.
 *
 * @returns Undefined if `target` holds them already.
 * @throws RefusalError, CatalogError, RenderError or ClashError when it cannot be done; the message says what to do.
 */
export function planPromotion(root: string, request: PromoteRequest): EnvironmentChange | undefined {
  const { source, target, pool } = request;
  const files = openProject(root);
  requireRoute(files, request);
  requireCleanCheckout(root);
  const snapshot = readSnapshot(root, files, source);
  if (pool !== undefined) requirePool(files, request, snapshot);

  const changes = changesOf(files, request, snapshot);
  const { generation, problems } = readGeneration(root, { changes });
  if (generation === undefined) return refuseProblems(problems);
  const comingImages = changes.get(imagesPathOf(target)) ?? '';
  const wanted: OutputFile[] = [
    ...generation.files,
    { path: imagesPathOf(target), text: comingImages, sources: [] },
  ].sort(byPath);
  const owned = {
    folders: generation.owned.folders,
    files: [...new Set([...generation.owned.files, ...changes.keys()])],
  };
  const differences = compareTree(root, wanted, owned);
  requireFresh(
    request,
    differences.map(({ path }) => path),
  );
  if (isHeld(files, request, snapshot)) return undefined;

  const present = readImagesOf(files, target).images;
  const coming = readImagesOf(openProject(root, changes), target).images;
  refuseLostMigrations(target, present, coming, readIrreversible(files));
  return {
    environments: [target],
    files: wanted,
    owned,
    changes: differences,
    images: [{ environment: target, before: present, after: coming }],
    notes: notesOf(files, request),
    message: messageOf(root, files, request, snapshot, coming),
  };
}

function requireRoute(files: ProjectFiles, { source, target }: PromoteRequest): void {
  for (const environment of [source, target]) requireEnvironment(files, environment);
  if (source === target) {
    refuse(
      `environments/${target}`,
      'is both source and target',
      `name where from: ${findSourceOf(target) ?? 'staging'}`,
    );
  }
  requireLocked(files, target, 'promotion');
  const from = findSourceOf(target);
  if (from === undefined)
    refuse(`environments/${target}`, 'nothing is promoted to it', 'promote staging to production');
  if (from !== source) {
    const fix = `promote ${from} to ${target}, once ${from} holds what you want`;
    refuse(`environments/${source}`, `${target} takes only what ${from} has held`, fix);
  }
}

function readSnapshot(root: string, files: ProjectFiles, source: string): Snapshot {
  const path = lockPathOf(source);
  const lock = files.findText(path);
  if (lock === undefined)
    return refuse(path, 'the file is missing', 'run "npm run generate", and commit what it writes');
  if (findTextAt(root, 'HEAD', path) !== lock) {
    refuse(path, 'was never committed as it stands', 'commit it, so that history shows what was promoted');
  }
  if (poolLocksOf(files, source).length > 0) {
    refuse(
      `environments/${source}`,
      'holds no one snapshot: some of its pools are ahead',
      'promote the whole to it first',
    );
  }
  return { lock, digest: findLockDigest(lock) ?? '', images: readImagesOf(files, source).images };
}

function requirePool(files: ProjectFiles, { target, pool = '' }: PromoteRequest, { lock }: Snapshot): void {
  const pools = parseLock(lock).pools.map(({ id }) => id);
  if (!pools.includes(pool)) refuse('--pool', `there is no pool "${pool}"`, suggest(pool, pools));
  if (files.find(lockPathOf(target)) === undefined) {
    refuse(`environments/${target}`, 'has no lock that a pool could be ahead of', 'promote the whole first');
  }
  if (files.find(keptPathOf(target)) !== undefined) {
    refuse(keptPathOf(target), 'the whole tree is kept after a rollback', 'promote the whole, which ends that');
  }
}

/** The files to be written by hand, as it were: all others are rendered from them. Undefined is one that goes. */
function changesOf(
  files: ProjectFiles,
  { target, pool }: PromoteRequest,
  { lock, images }: Snapshot,
): Map<string, string | undefined> {
  const { text, images: present } = readImagesOf(files, target);
  if (pool !== undefined) {
    const next = { ...present, pools: { ...present.pools, [pool]: images.images } };
    return new Map([
      [lockPathOf(target, pool), lock],
      [imagesPathOf(target), rewriteImages(text, next)],
    ]);
  }
  const gone = [keptPathOf(target), ...poolLocksOf(files, target)].filter((path) => files.find(path) !== undefined);
  return new Map([
    [lockPathOf(target), lock],
    [imagesPathOf(target), rewriteImages(text, { images: images.images })],
    ...gone.map((path) => [path, undefined] as const),
  ]);
}

/** Nothing else may differ: what follows the catalog would be changed by the way, or was never reviewed as it is. */
function requireFresh({ source, target }: PromoteRequest, changed: readonly string[]): void {
  const stale = changed.filter((path) => !belongsTo(target, path) && !/^argocd\/[^/]+$/.test(path));
  const [first] = stale;
  if (first === undefined) return;
  const more = stale.length > 1 ? ` and ${stale.length - 1} more` : '';
  const fix = 'run "npm run generate", and commit what it writes';
  refuse(`environments/${source}`, `what is rendered is not what the catalog says (${first}${more})`, fix);
}

function isHeld(files: ProjectFiles, { target, pool }: PromoteRequest, { lock, images }: Snapshot): boolean {
  if (files.find(keptPathOf(target)) !== undefined) return false;
  if (pool === undefined && poolLocksOf(files, target).length > 0) return false;
  const ownLock = pool === undefined ? undefined : files.findText(lockPathOf(target, pool));
  const held = imagesOfPool(readImagesOf(files, target).images, pool);
  const isSame = canonicalImages(held) === canonicalImages(images);
  return isSame && (ownLock ?? files.findText(lockPathOf(target))) === lock;
}

function notesOf(files: ProjectFiles, { target, pool }: PromoteRequest): string[] {
  const ended =
    files.find(keptPathOf(target)) === undefined
      ? []
      : [`${target} is no longer kept as it was: it is rendered again.`];
  const ahead = poolLocksOf(files, target).length;
  const merged = pool === undefined && ahead > 0 ? [`No pool of ${target} is ahead of the others any more.`] : [];
  const apart = pool === undefined ? [] : [`Pool ${pool} goes ahead of the others, until the whole is promoted.`];
  return [...ended, ...merged, ...apart];
}

function messageOf(
  root: string,
  files: ProjectFiles,
  { source, target, pool }: PromoteRequest,
  { digest }: Snapshot,
  images: Images,
): string {
  const subject =
    pool === undefined ? `Promote ${source} to ${target}` : `Promote pool ${pool} of ${source} to ${target}`;
  const from = `${source}@${findCommit(root, 'HEAD') ?? ''}`;
  if (pool === undefined)
    return commitMessage(subject, { catalogDigest: digest, images, others: { 'Promoted-From': from } });
  const whole = findLockDigest(files.findText(lockPathOf(target)) ?? '') ?? '';
  const others = { 'Promoted-From': from, 'Promoted-Pool': pool, 'Pool-Catalog-Digest': digest };
  return commitMessage(subject, { catalogDigest: whole, images, others });
}
