import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderEditorSchemas } from '../catalog/editor-schemas.ts';
import { type EnvironmentReading, parseEnvironment } from '../catalog/environment.ts';
import { type Catalog, CatalogError, type Problem, readCatalog } from '../catalog/load.ts';
import { parseLock, renderLock } from '../catalog/lock.ts';
import type { Environment } from '../catalog/schema/environment.ts';
import { argocdFolder, renderArgocd } from './argocd/render.ts';
import { byPath, type OutputFile } from './emit/output.ts';
import type { Owned } from './emit/tree.ts';
import { parseImages } from './images.ts';
import { type Rendering, renderEnvironment } from './render.ts';

export interface GenerateOptions {
  /** Generate this environment alone; Argo CD's objects, which concern all of them, stay as they are. */
  readonly environment?: string;
  /** Write the first lock of this environment from the catalog's head. */
  readonly init?: string;
}

/** Everything that is to be on the disk, and where nothing else may be. */
export interface Generation {
  /** Sorted by path. */
  readonly files: readonly OutputFile[];
  readonly owned: Owned;
  readonly renderings: readonly Rendering[];
  /** Each environment's catalog digest, as its lock states it. */
  readonly digests: ReadonlyMap<string, string>;
}

const schemasFolder = 'catalog/schema/generated';

/**
 * Reads catalog and environments below `root` and renders all of it. Writes nothing.
 *
 * @returns The problems beside the generation; without a generation if one of them is an error.
 * @throws RenderError or ClashError when the inputs are sound one by one, but not together.
 */
export function readGeneration(
  root: string,
  options: GenerateOptions,
): { generation: Generation | undefined; problems: Problem[] } {
  const { catalog: head, problems } = readCatalog(join(root, 'catalog'));
  if (head === undefined) return { generation: undefined, problems };
  const sources = readEnvironments(root, { catalog: head, lock: renderLock(head) }, options, problems);
  if (problems.some(({ severity }) => severity === 'error')) return { generation: undefined, problems };

  const renderings = sources.map(({ catalog, environment, images }) =>
    renderEnvironment({ catalog, environment, images }),
  );
  const isWhole = options.environment === undefined;
  const shared = isWhole ? [...renderArgocd(renderings.flatMap(({ apps }) => apps)), ...editorSchemas()] : [];
  const locks = sources.map(({ lock }) => lock);
  const files = [...renderings.flatMap((rendering) => rendering.files), ...locks, ...shared].sort(byPath);
  return {
    problems,
    generation: {
      files,
      renderings,
      owned: ownedOf(root, sources, files, isWhole ? [argocdFolder, schemasFolder] : []),
      digests: new Map(sources.map(({ environment, digest }) => [environment.name, digest])),
    },
  };
}

/** The catalog as it stands in the working tree, and the lock it makes. */
interface Head {
  readonly catalog: Catalog;
  readonly lock: ReturnType<typeof renderLock>;
}

interface EnvironmentSource {
  readonly environment: Environment;
  readonly catalog: Catalog;
  readonly images: NonNullable<ReturnType<typeof parseImages>['images']>;
  readonly lock: OutputFile;
  /** Of the catalog, as the lock states it. */
  readonly digest: string;
}

function readEnvironments(
  root: string,
  head: Head,
  options: GenerateOptions,
  problems: Problem[],
): EnvironmentSource[] {
  const folder = join(root, 'environments');
  const names = (existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : [])
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
  for (const name of [options.environment, options.init]) {
    if (name !== undefined && !names.includes(name)) {
      problems.push(
        problemOf('environments', 'GEN002', `there is no environment "${name}"`, `name one of ${names.join(', ')}`),
      );
    }
  }
  const wanted = names.filter((name) => options.environment === undefined || name === options.environment);
  return wanted.flatMap((name) => {
    const source = readSource(root, name, head, options);
    problems.push(...source.problems);
    return source.source === undefined ? [] : [source.source];
  });
}

/** One environment; no source when there is a problem, or when it has no cluster to render for. */
function readSource(
  root: string,
  name: string,
  head: Head,
  options: GenerateOptions,
): { source?: EnvironmentSource; problems: Problem[] } {
  const folder = `environments/${name}`;
  const read = readSettings(root, folder, head.catalog);
  if (read.environment === undefined) return { problems: read.problems };
  // With embedded stores the environment is one process on one machine.
  if (read.environment.stores.kind === 'embedded') {
    const fix = 'name one with networked stores, or leave --environment out';
    const asked = problemOf(`${folder}/environment.yaml`, 'GEN002', `${name} has no cluster to render for`, fix);
    return { problems: options.environment === name ? [asked] : [] };
  }
  if (read.environment.name !== name) {
    const message = `its name is "${read.environment.name}"`;
    return {
      problems: [problemOf(`${folder}/environment.yaml`, 'GEN003', message, `name it ${name}, like its folder`)],
    };
  }
  const locked = readLock(root, folder, read.environment, head, options.init === name);
  const images = readImages(root, folder);
  const problems = [...locked.problems, ...images.problems];
  if (locked.lock === undefined || images.images === undefined) return { problems };
  const { catalog, lock, digest } = locked.lock;
  // What the environment names must exist in the catalog it renders from, not in another.
  const checked = catalog === head.catalog ? read : readSettings(root, folder, catalog);
  if (checked.environment === undefined) return { problems: checked.problems };
  const source = { environment: checked.environment, catalog, images: images.images, lock, digest };
  return { source, problems: checked.problems };
}

function readSettings(root: string, folder: string, catalog: Catalog): EnvironmentReading {
  const file = `${folder}/environment.yaml`;
  if (!existsSync(join(root, file))) {
    const problem = problemOf(file, 'GEN003', 'the file is missing', `write it, or delete ${folder}/`);
    return { environment: undefined, problems: [problem] };
  }
  return parseEnvironment(file, readFileSync(join(root, file)), catalog);
}

function readLock(
  root: string,
  folder: string,
  { name, follow }: Environment,
  head: Head,
  init: boolean,
): { lock?: Pick<EnvironmentSource, 'catalog' | 'lock' | 'digest'>; problems: Problem[] } {
  const path = `${folder}/catalog.lock.json`;
  const fromHead = {
    catalog: head.catalog,
    lock: { path, text: head.lock.text, sources: [] },
    digest: head.lock.digest,
  };
  const exists = existsSync(join(root, path));
  if (follow === 'head') return { lock: fromHead, problems: [] };
  if (init && exists) {
    const fix = 'leave out --init: from now on only a promotion changes it';
    return { problems: [problemOf(path, 'GEN004', `${name} has a lock already`, fix)] };
  }
  if (init) return { lock: fromHead, problems: [] };
  if (!exists) {
    const fix = `run "npm run generate -- --init ${name}" to write its first one from today's catalog`;
    return { problems: [problemOf(path, 'GEN004', `${name} renders only from its own lock, and has none`, fix)] };
  }
  const text = readFileSync(join(root, path), 'utf8');
  try {
    const catalog = parseLock(text, path);
    return { lock: { catalog, lock: { path, text, sources: [] }, digest: renderLock(catalog).digest }, problems: [] };
  } catch (error) {
    if (error instanceof CatalogError) return { problems: [...error.problems] };
    throw error;
  }
}

function readImages(root: string, folder: string): ReturnType<typeof parseImages> {
  const file = `${folder}/images.lock.yaml`;
  if (existsSync(join(root, file))) return parseImages(file, readFileSync(join(root, file)));
  const fix = 'write it: images, then for each its repository and tag';
  return { images: undefined, problems: [problemOf(file, 'GEN005', 'the file is missing', fix)] };
}

/** Every folder of an environment is a cluster's, and wholly generated; the files beside them are written by hand. */
function ownedOf(
  root: string,
  sources: readonly EnvironmentSource[],
  files: readonly OutputFile[],
  shared: readonly string[],
): Owned {
  const folders = sources.flatMap(({ environment }) => {
    const base = `environments/${environment.name}`;
    const present = readdirSync(join(root, base), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `${base}/${name}`);
    const coming = files
      .filter(({ path }) => path.startsWith(`${base}/`) && path.split('/').length > 3)
      .map(({ path }) => path.split('/').slice(0, 3).join('/'));
    return [...present, ...coming];
  });
  return { folders: [...new Set([...folders, ...shared])].sort(), files: sources.map(({ lock }) => lock.path) };
}

function editorSchemas(): OutputFile[] {
  return renderEditorSchemas().map(({ path, text }) => ({ path: `catalog/${path}`, text, sources: [] }));
}

function problemOf(file: string, code: string, message: string, fix: string): Problem {
  return { file, line: 1, col: 1, code, message, fix, severity: 'error' };
}
