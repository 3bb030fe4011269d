import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type CatalogFiles, parseCatalog, readCatalogFiles } from '../../catalog/load.ts';
import { openProject } from '../project-files.ts';
import { filesAt, findCommit, isCheckout, runGit } from '../promotion/git.ts';
import { RefusalError, refuse } from '../promotion/refusal.ts';
import type { Generation } from '../workspace.ts';
import type { EntryPlaces } from './causes.ts';
import type { Tree } from './tree.ts';

/** The one file of the plan that meets git and the disk. */

/** A commit, and how it was found. */
export interface Revision {
  readonly commit: string;
  /** `HEAD`, `merge base with origin/main` … */
  readonly name: string;
}

const treeFolders = ['environments', 'argocd'];

/**
 * The commit to compare with: the one that is named, else where this branch left the main one; on the main branch, the
 * last commit.
 *
 * @throws RefusalError when there is no such commit.
 */
export function findRevision(root: string, wanted?: string): Revision {
  if (!isCheckout(root)) refuse(root, 'it is no git checkout', 'run this inside the project, where git can be called');
  const fix = 'name a commit, branch or tag with --against, or fetch it first (git fetch --unshallow)';
  if (wanted !== undefined) {
    return { commit: findCommit(root, wanted) ?? refuse('git', `there is no commit "${wanted}"`, fix), name: wanted };
  }
  const head = findCommit(root, 'HEAD') ?? refuse('git', 'there is no commit yet', 'commit once, then compare');
  const main = findMain(root);
  // "HEAD" where no branch is checked out, as in CI.
  const branch = runGit(root, ['rev-parse', '--abbrev-ref', 'HEAD']).trim();
  if (main === undefined || branch === main.replace(/^origin\//, '')) return { commit: head, name: 'HEAD' };
  const base = findBase(root, head, main) ?? refuse('git', `this branch and ${main} have no commit in common`, fix);
  return base === head ? { commit: head, name: 'HEAD' } : { commit: base, name: `merge base with ${main}` };
}

/** Every file below environments/ and argocd/ as a commit has it. What is right in environments/ is of none: it is to be read. */
export function readTreeAt(root: string, { commit }: Revision): Tree {
  const files = filesAt(root, commit, treeFolders).filter(({ path }) => !/^environments\/[^/]+$/.test(path));
  return new Map(files.map(({ path, text }) => [path, text]));
}

/** The tree of a fresh render: what is generated, and the files beside it that are written by hand. */
export function treeOf(root: string, generation: Generation): Tree {
  const project = openProject(root);
  const beside = project
    .listFolders('environments')
    .flatMap((name) => ['environment.yaml', 'images.lock.yaml'].map((file) => `environments/${name}/${file}`))
    .flatMap((path) => {
      const text = project.findText(path);
      return text === undefined ? [] : [[path, text] as const];
    });
  const generated = generation.files.filter(({ path }) => treeFolders.some((folder) => path.startsWith(`${folder}/`)));
  return new Map([...beside, ...generated.map(({ path, text }) => [path, text] as const)]);
}

/** Where each entry of the working tree's catalog is written, by paths from the project's root. */
export function readEntryPlaces(root: string): EntryPlaces {
  return parseCatalog(readCatalogFiles(join(root, 'catalog'))).sources;
}

/** Where each entry of a commit's catalog was written. */
export function readEntryPlacesAt(root: string, { commit }: Revision): EntryPlaces {
  const files: CatalogFiles = new Map(
    filesAt(root, commit, ['catalog'])
      .filter(({ path }) => /\.ya?ml$/.test(path) && !path.startsWith('catalog/schema/'))
      .map(({ path, text }) => [path.slice('catalog/'.length), text]),
  );
  return parseCatalog(files).sources;
}

/** Writes a report; its name is taken from the project's root. */
export function writeReport(root: string, file: string, text: string): void {
  const path = resolve(root, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** The main branch: as the remote names it, else ours. Undefined in a repository without one. */
function findMain(root: string): string | undefined {
  const remote = runGit(root, ['for-each-ref', '--format=%(symref:short)', 'refs/remotes/origin/HEAD']).trim();
  return [remote, 'origin/main', 'main'].find((name) => name !== '' && findCommit(root, name) !== undefined);
}

function findBase(root: string, head: string, main: string): string | undefined {
  try {
    return runGit(root, ['merge-base', head, main]).trim();
  } catch (error) {
    if (error instanceof RefusalError) return undefined;
    throw error;
  }
}
