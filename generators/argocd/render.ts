import { compareCodePoints } from '../../catalog/kinds.ts';
import type { Owner } from '../../catalog/schema/owner.ts';
import type { App } from '../app.ts';
import { isPlaced } from '../clusters.ts';
import type { Manifest } from '../emit/manifest.ts';
import { byPath, type OutputFile, renderDocuments } from '../emit/output.ts';
import type { Install } from '../platform/installs.ts';
import type { Rendering } from '../render.ts';
import { isEqual } from '../render-cache.ts';
import { renderApplicationSet } from './application-sets.ts';
import { renderChartApplication } from './applications.ts';
import { renderBootstrap } from './bootstrap.ts';
import { renderNotifications } from './notifications.ts';
import { renderPlatformProject, renderProject } from './projects.ts';

/** The folder of Argo CD's own objects, all of them generated. */
export const argocdFolder = 'argocd';

/** Files by path with what they were rendered from: whoever renders again and again passes one. */
export type DocumentCache = Map<string, { readonly manifest: Manifest; readonly file: OutputFile }>;

/**
 * Argo CD's objects for all environments: for each pool an AppProject and an ApplicationSet for its apps, an AppProject
 * and an Application each for its charts; and the one file that brings them all in.
 */
export function renderArgocd(
  renderings: readonly Pick<Rendering, 'inputs' | 'apps' | 'installs'>[],
  cache?: DocumentCache,
): OutputFile[] {
  const documents = renderings.flatMap(({ inputs, apps, installs }) => {
    const undecided = inputs.catalog.pools.filter((pool) => !isPlaced(pool)).map(({ id }) => id);
    return [
      ...[...Map.groupBy(apps, ({ pool }) => pool)].flatMap(([pool, its]) =>
        appDocuments(inputs.environment.name, pool, its, !undecided.includes(pool)),
      ),
      ...[...Map.groupBy(installs, ({ pool }) => pool)].flatMap(([pool, its]) =>
        chartDocuments(inputs.environment.name, pool, its),
      ),
    ];
  });
  return [
    renderDocuments(`${argocdFolder}/bootstrap.yaml`, renderBootstrap()),
    renderDocuments(`${argocdFolder}/notifications.yaml`, [renderNotifications(ownersOf(renderings))]),
    ...documents.map((document) => fileOf(document, cache)),
  ].sort(byPath);
}

/** Argo CD is one for all environments: it knows the owners of each; of two versions of one, the last. */
function ownersOf(renderings: readonly Pick<Rendering, 'inputs'>[]): Owner[] {
  const owners = renderings.flatMap(({ inputs }) => inputs.catalog.owners);
  return [...new Map(owners.map((owner) => [owner.id, owner])).values()].sort((a, b) => compareCodePoints(a.id, b.id));
}

interface Document {
  readonly path: string;
  readonly manifest: Manifest;
}

/** @param isPlaced False where there is no cluster yet that an Application could go to. */
function appDocuments(environment: string, pool: string, apps: readonly App[], isPlaced: boolean): Document[] {
  const clusters = [...new Set(apps.map(({ cluster }) => cluster))];
  return [
    documentOf('projects', renderProject(environment, pool, apps)),
    ...(isPlaced ? [documentOf('applicationsets', renderApplicationSet(environment, pool, clusters))] : []),
  ];
}

function chartDocuments(environment: string, pool: string, installs: readonly Install[]): Document[] {
  return [
    documentOf('projects', renderPlatformProject(environment, pool, installs)),
    ...installs.map((install) =>
      documentOf(
        `applications/${environment}`,
        renderChartApplication(install),
        `${install.cluster}-${install.component.id}`,
      ),
    ),
  ];
}

function documentOf(folder: string, manifest: Manifest, name = manifest.metadata.name): Document {
  return { path: `${argocdFolder}/${folder}/${name}.yaml`, manifest };
}

function fileOf({ path, manifest }: Document, cache: DocumentCache | undefined): OutputFile {
  const kept = cache?.get(path);
  if (kept !== undefined && isEqual(kept.manifest, manifest)) return kept.file;
  const file = renderDocuments(path, [manifest]);
  cache?.set(path, { manifest, file });
  return file;
}
