import { isMap, isScalar, parseDocument } from 'yaml';
import { suggest } from '../../catalog/nearest.ts';
import { formatProblem, type Problem } from '../../catalog/problem.ts';
import { type Images, parseImages } from '../images.ts';
import type { ProjectFiles } from '../project-files.ts';
import { imagesPathOf, settingsPathOf } from './environment-files.ts';
import { dirtyFilesIn, findCommit, isCheckout } from './git.ts';
import { refuse } from './refusal.ts';
import { findWritten } from './written.ts';

/** Where nothing may be changed when locks move: what is rendered, and what renders it. */
const cleanFolders = ['catalog', 'environments', 'argocd', 'generators'];
const filesShownMax = 8;

/** @throws RefusalError unless the project is a git checkout with a commit, and nothing in it awaits one. */
export function requireCleanCheckout(root: string): void {
  if (!isCheckout(root))
    refuse('the project', 'is no git checkout, so there is no history', 'run this in a clone of it');
  if (findCommit(root, 'HEAD') === undefined) refuse('the project', 'has no commit yet', 'commit it first');
  const dirty = dirtyFilesIn(root, cleanFolders);
  if (dirty.length === 0) return;
  const written = findWritten(root, cleanFolders);
  if (written !== undefined) {
    refuse(
      'the working tree',
      `holds "${written.subject}", written whole but never committed`,
      `commit it, "${written.commands}", or undo it first`,
    );
  }
  const more = dirty.length > filesShownMax ? `, and ${dirty.length - filesShownMax} more` : '';
  const shown = dirty.slice(0, filesShownMax).map((line) => line.trim());
  refuse('the working tree', `is not clean: ${shown.join(', ')}${more}`, 'commit or undo these changes first');
}

/** @throws RefusalError unless there is such an environment, and only a promotion changes it. */
export function requireLocked(files: ProjectFiles, environment: string, command: string): void {
  requireEnvironment(files, environment);
  if (findFollow(files, environment) === 'lock') return;
  const fix = `revert the commit that changed the catalog, or write "follow: lock" in ${settingsPathOf(environment)}`;
  refuse(`environments/${environment}`, `follows the catalog: no ${command} changes it`, fix);
}

/** @throws RefusalError unless there is such an environment. */
export function requireEnvironment(files: ProjectFiles, environment: string): void {
  const names = files.listFolders('environments');
  if (!names.includes(environment)) {
    refuse('environments', `there is no environment "${environment}"`, suggest(environment, names));
  }
}

/** What `follow` says, without a look at the rest: a rollback must not depend on it. */
export function findFollow(files: ProjectFiles, environment: string): string | undefined {
  const { contents } = parseDocument(files.findText(settingsPathOf(environment)) ?? '');
  const follow = isMap(contents) ? contents.get('follow', true) : undefined;
  return isScalar(follow) && typeof follow.value === 'string' ? follow.value : undefined;
}

/** @throws RefusalError unless the environment's images can be read. */
export function readImagesOf(files: ProjectFiles, environment: string): { text: string; images: Images } {
  const path = imagesPathOf(environment);
  const text = files.findText(path);
  if (text === undefined)
    return refuse(path, 'the file is missing', 'write it: images, then for each its repository and tag');
  const { images, problems } = parseImages(path, text);
  if (images === undefined) refuseProblems(problems);
  return { text, images };
}

/** @throws RefusalError with every error. */
export function refuseProblems(problems: readonly Problem[]): never {
  const errors = problems.filter(({ severity }) => severity === 'error');
  const lines = errors.map((problem) => `\n  ${formatProblem(problem)}`);
  return refuse('the catalog and the environments', `cannot be rendered:${lines.join('')}\n`, 'correct that first');
}
