import { suggest } from '../../catalog/nearest.ts';
import { byPath, type OutputFile } from '../emit/output.ts';
import { compareTree } from '../emit/tree.ts';
import { digestPattern, type Images, rewriteImages, tagPattern } from '../images.ts';
import { openProject, type ProjectFiles } from '../project-files.ts';
import { readGeneration } from '../workspace.ts';
import { commitMessage } from './commit-message.ts';
import type { EnvironmentChange } from './environment-change.ts';
import { findLockDigest, findSourceOf, imagesPathOf, lockPathOf } from './environment-files.ts';
import { readIrreversible } from './migrations.ts';
import { findFollow, readImagesOf, refuseProblems, requireEnvironment } from './preconditions.ts';
import { refuse } from './refusal.ts';

export interface ReleaseRequest {
  /** Its name in images.lock.yaml. */
  readonly image: string;
  readonly tag: string;
  readonly digest: string;
  /** Left out: all that follow the catalog and have images. */
  readonly environments: readonly string[];
}

/**
 * What it takes to run an image that was just built where the catalog is followed. Writes nothing.
 *
 * @returns Undefined if all of it is so already.
 * @throws RefusalError when it cannot be done; the message says what to do.
 */
export function planRelease(root: string, request: ReleaseRequest): EnvironmentChange | undefined {
  const { image, tag, digest } = request;
  requireForm(request);
  const files = openProject(root);
  const environments = request.environments.length > 0 ? request.environments : followersOf(files);
  for (const environment of environments) requireFollower(files, environment);

  const irreversible = [...readIrreversible(files).keys()].sort();
  const released = environments.map((environment) => {
    const { text, images } = readImagesOf(files, environment);
    const { [image]: present, ...others } = images.images;
    if (present === undefined) {
      const names = Object.keys(images.images);
      return refuse(imagesPathOf(environment), `there is no image "${image}"`, suggest(image, names));
    }
    const after: Images = {
      ...images,
      images: { ...others, [image]: { ...present, tag, digest, irreversible } },
    };
    return { environment, before: images, after, path: imagesPathOf(environment), text: rewriteImages(text, after) };
  });

  const { generation, problems } = readGeneration(root, {
    changes: new Map(released.map(({ path, text }) => [path, text])),
  });
  if (generation === undefined) return refuseProblems(problems);
  const images = released.map(({ path, text }): OutputFile => ({ path, text, sources: [] }));
  const wanted = [...generation.files, ...images].sort(byPath);
  const owned = { ...generation.owned, files: [...generation.owned.files, ...images.map(({ path }) => path)] };
  const changes = compareTree(root, wanted, owned);
  const [first] = released;
  if (changes.length === 0 || first === undefined) return undefined;
  const lock = generation.files.find(({ path }) => path === lockPathOf(first.environment))?.text ?? '';
  return {
    environments,
    files: wanted,
    owned,
    changes,
    images: released,
    notes: irreversible.length === 0 ? [] : [`It holds migrations that cannot be undone: ${irreversible.join(', ')}.`],
    message: commitMessage(`Release ${image} ${tag} to ${environments.join(' and ')}`, {
      catalogDigest: findLockDigest(lock) ?? '',
      images: first.after,
      others: {},
    }),
  };
}

function requireForm({ tag, digest }: ReleaseRequest): void {
  if (tag === 'latest') refuse('--tag', '"latest" means another image every day', 'name a version');
  if (!new RegExp(tagPattern).test(tag)) {
    refuse('--tag', `"${tag}" is no tag`, 'use letters, digits, dots, dashes and underscores, at most 128');
  }
  if (!new RegExp(digestPattern).test(digest)) {
    const fix = 'give "sha256:" and 64 hex digits, as the registry answered the push';
    refuse('--digest', `"${digest}" is no digest`, fix);
  }
}

/** Environments that follow the catalog and run images. */
function followersOf(files: ProjectFiles): string[] {
  return files
    .listFolders('environments')
    .filter((name) => findFollow(files, name) === 'head' && files.find(imagesPathOf(name)) !== undefined);
}

function requireFollower(files: ProjectFiles, environment: string): void {
  requireEnvironment(files, environment);
  if (findFollow(files, environment) === 'head') {
    if (files.find(imagesPathOf(environment)) !== undefined) return;
    refuse(`environments/${environment}`, 'runs no image', 'leave it out');
  }
  const source = findSourceOf(environment) ?? 'staging';
  const fix = `release to ${source}, then "npm run promote -- ${source} ${environment}"`;
  refuse(`environments/${environment}`, 'changes by promotion alone', fix);
}
