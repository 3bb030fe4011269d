import { join } from 'node:path';
import { renderEditorSchemas } from '../catalog/editor-schemas.ts';
import { parseEnvironment } from '../catalog/environment.ts';
import { type FileCache, type Problem, readCatalog } from '../catalog/load.ts';
import { renderLock } from '../catalog/lock.ts';
import { metrics } from '../catalog/metrics.ts';
import type { Catalog } from '../catalog/schema/catalog.ts';
import { argocdFolder, type DocumentCache, renderArgocd } from './argocd/render.ts';
import { composeFiles, renderCompose } from './compose/compose.ts';
import { byPath, type OutputFile } from './emit/output.ts';
import type { Owned } from './emit/tree.ts';
import { metricsReferencePath, renderMetricsReference } from './metrics-reference/metrics-reference.ts';
import { type UsesCache, usesOf } from './metrics-reference/uses.ts';
import { openProject, type ProjectFiles } from './project-files.ts';
import { settingsPathOf } from './promotion/environment-files.ts';
import { checkHeld } from './promotion/held.ts';
import { renderPools } from './promotion/pools.ts';
import type { Rendering } from './render.ts';
import { createRenderCache, type RenderCache } from './render-cache.ts';
import { type EnvironmentSource, type LockCache, problemOf, readSource } from './sources.ts';

export interface GenerateOptions {
  /** Generate this environment alone; Argo CD's objects, which concern all of them, stay as they are. */
  readonly environment?: string;
  /** Write the first lock of this environment from the catalog's head. */
  readonly init?: string;
  /** Files that are to be taken as changed, though they are not on the disk; undefined is one that is gone. */
  readonly changes?: ReadonlyMap<string, string | undefined>;
  /** What the process that generates again and again remembers; what has not changed is then not done anew. */
  readonly memory?: Memory;
  /** Refuse a lock that the environment it is promoted from never held in the history of this revision. */
  readonly heldIn?: string;
}

/** What was read and rendered before. Nothing in it can make a result differ: it is only looked at for the same input. */
export interface Memory {
  readonly files: FileCache;
  readonly locks: LockCache;
  /** By environment; of a pool that is ahead of the others, by `environment/pool`. */
  readonly renders: Map<string, RenderCache>;
  readonly argocd: DocumentCache;
  readonly metricUses: UsesCache;
  /** By digest of the catalog and text of environment local's settings. */
  readonly compose: Map<string, readonly OutputFile[]>;
}

export function createMemory(): Memory {
  return {
    files: new Map(),
    locks: new Map(),
    renders: new Map(),
    argocd: new Map(),
    metricUses: new WeakMap(),
    compose: new Map(),
  };
}

/** Everything that is to be on the disk, and where nothing else may be. */
export interface Generation {
  /** Sorted by path. */
  readonly files: readonly OutputFile[];
  readonly owned: Owned;
  /** One for each environment that is rendered; a kept one has none. */
  readonly renderings: readonly Rendering[];
  /** Each environment's catalog digest, as its lock states it. */
  readonly digests: ReadonlyMap<string, string>;
  /** Environments whose tree stays as it is, with the commit that it comes from. */
  readonly kept: ReadonlyMap<string, string>;
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
  const memory = options.memory ?? createMemory();
  const { catalog: head, problems } = readCatalog(join(root, 'catalog'), memory.files);
  if (head === undefined) return { generation: undefined, problems };
  const files = openProject(root, options.changes);
  const names = namesOf(files, options, problems);
  const lock = renderLock(head);
  const sources = names.flatMap((name) => {
    const isAsked = options.environment === name;
    const read = readSource(
      files,
      name,
      { catalog: head, lock },
      { init: options.init === name, isAsked },
      memory.locks,
    );
    problems.push(...read.problems);
    return read.value === undefined ? [] : [read.value];
  });
  if (options.heldIn !== undefined) {
    for (const { name } of sources.filter(isLocked)) problems.push(...checkHeld(root, files, name, options.heldIn));
  }
  if (problems.some(({ severity }) => severity === 'error')) return { generation: undefined, problems };
  const isWhole = options.environment === undefined;
  const compose = isWhole ? composeOf(files, head, lock.digest, memory) : [];
  return { generation: renderSources(files, sources, compose, isWhole, options.memory), problems };
}

/** True where the lock is an input, and no product of the catalog's head. */
function isLocked({ content }: EnvironmentSource): boolean {
  return 'rev' in content || content.inputs.environment.follow === 'lock';
}

/** Environment local has no cluster, and a compose file in its place; none where the project has no such environment. */
function composeOf(files: ProjectFiles, catalog: Catalog, digest: string, memory: Memory): readonly OutputFile[] {
  const path = settingsPathOf('local');
  const content = files.find(path);
  if (content === undefined) return [];
  const key = `${digest} ${content}`;
  const known = memory.compose.get(key);
  if (known !== undefined) return known;
  const { environment } = parseEnvironment(path, content, catalog);
  if (environment === undefined) return [];
  const rendered = renderCompose({ catalog, environment });
  memory.compose.clear();
  memory.compose.set(key, rendered);
  return rendered;
}

/**
 * @param compose What belongs to environment local.
 * @param isWhole Also what belongs to no environment.
 */
function renderSources(
  files: ProjectFiles,
  sources: readonly EnvironmentSource[],
  compose: readonly OutputFile[],
  isWhole: boolean,
  memory: Memory | undefined,
): Generation {
  const renderings = sources.flatMap(({ name, content }) =>
    'rev' in content ? [] : [renderPools(content.inputs, content.ahead, (pool) => rendersOf(memory, name, pool))],
  );
  const shared = isWhole
    ? [
        ...renderArgocd(renderings, memory?.argocd),
        ...editorSchemas(),
        metricsReference(renderings, memory?.metricUses),
        ...compose,
      ]
    : [];
  const all = [
    ...renderings.flatMap((rendering) => rendering.files),
    ...sources.flatMap((its) => its.files),
    ...shared,
  ];
  // A kept tree holds objects below argocd/, which is only looked at as a whole.
  const inScope = all.filter(({ path }) => isWhole || !path.startsWith(`${argocdFolder}/`)).sort(byPath);
  const kept = sources.flatMap(({ name, content }) => ('rev' in content ? [[name, content.rev] as const] : []));
  return {
    files: inScope,
    renderings,
    owned: ownedOf(files, sources, inScope, isWhole ? [argocdFolder, schemasFolder] : []),
    digests: new Map(sources.map(({ name, digest }) => [name, digest])),
    kept: new Map(kept),
  };
}

function rendersOf(memory: Memory | undefined, environment: string, pool: string | undefined): RenderCache | undefined {
  if (memory === undefined) return undefined;
  const key = pool === undefined ? environment : `${environment}/${pool}`;
  const cache = memory.renders.get(key) ?? createRenderCache();
  memory.renders.set(key, cache);
  return cache;
}

/** The environments that are asked for. */
function namesOf(files: ProjectFiles, options: GenerateOptions, problems: Problem[]): string[] {
  const names = files.listFolders('environments');
  for (const name of [options.environment, options.init]) {
    if (name !== undefined && !names.includes(name)) {
      const fix = `name one of ${names.join(', ')}`;
      problems.push(problemOf('environments', 'GEN002', `there is no environment "${name}"`, fix));
    }
  }
  return names.filter((name) => options.environment === undefined || name === options.environment);
}

/** Every folder of an environment is a cluster's, and wholly generated; the files beside them are written by hand. */
function ownedOf(
  files: ProjectFiles,
  sources: readonly EnvironmentSource[],
  outputs: readonly OutputFile[],
  shared: readonly string[],
): Owned {
  // Where a file lies as deep as this, its first three steps are the folder of a cluster.
  const coming = outputs.flatMap(({ path }) => /^environments\/[^/]+\/[^/]+(?=\/)/.exec(path)?.[0] ?? []);
  const present = sources.flatMap(({ name }) =>
    files.listFolders(`environments/${name}`).map((folder) => `environments/${name}/${folder}`),
  );
  const beside = sources.flatMap((source) => source.files.map(({ path }) => path));
  return {
    folders: [...new Set([...present, ...coming, ...shared])].sort(),
    files: [
      ...beside.filter((path) => path.startsWith('environments/') && path.split('/').length === 3),
      ...[...composeFiles, metricsReferencePath].filter((path) => outputs.some((file) => file.path === path)),
    ],
  };
}

function editorSchemas(): OutputFile[] {
  return renderEditorSchemas().map(({ path, text }) => ({ path: `catalog/${path}`, text, sources: [] }));
}

function metricsReference(renderings: readonly Rendering[], cache: UsesCache | undefined): OutputFile {
  const all = Object.values(metrics);
  const uses = usesOf(
    renderings.flatMap(({ apps }) => apps),
    all.map(({ name }) => name),
    cache,
  );
  return { path: metricsReferencePath, text: renderMetricsReference(all, uses), sources: [] };
}
