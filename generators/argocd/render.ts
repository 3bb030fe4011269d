import { compareCodePoints } from '../../catalog/kinds.ts';
import type { Owner } from '../../catalog/schema/owner.ts';
import type { App } from '../app.ts';
import { isPlaced } from '../clusters.ts';
import type { Manifest } from '../emit/manifest.ts';
import { byPath, type OutputFile, renderDocuments } from '../emit/output.ts';
import type { Install } from '../platform/installs.ts';
import type { Rendering } from '../render.ts';
import { renderApplicationSet } from './application-sets.ts';
import { renderChartApplication } from './applications.ts';
import { renderBootstrap } from './bootstrap.ts';
import { renderNotifications } from './notifications.ts';
import { renderPlatformProject, renderProject } from './projects.ts';

/** The folder of Argo CD's own objects, all of them generated. */
export const argocdFolder = 'argocd';

/**
 * Argo CD's objects for all environments: for each pool an AppProject and an ApplicationSet for its apps, an AppProject
 * and an Application each for its charts; and the one file that brings them all in.
 */
export function renderArgocd(renderings: readonly Pick<Rendering, 'inputs' | 'apps' | 'installs'>[]): OutputFile[] {
  const files = renderings.flatMap(({ inputs, apps, installs }) => {
    const undecided = inputs.catalog.pools.filter((pool) => !isPlaced(pool)).map(({ id }) => id);
    return [
      ...[...Map.groupBy(apps, ({ pool }) => pool)].flatMap(([pool, its]) =>
        appFiles(inputs.environment.name, pool, its, !undecided.includes(pool)),
      ),
      ...[...Map.groupBy(installs, ({ pool }) => pool)].flatMap(([pool, its]) =>
        chartFiles(inputs.environment.name, pool, its),
      ),
    ];
  });
  return [
    renderDocuments(`${argocdFolder}/bootstrap.yaml`, renderBootstrap()),
    renderDocuments(`${argocdFolder}/notifications.yaml`, [renderNotifications(ownersOf(renderings))]),
    ...files,
  ].sort(byPath);
}

/** Argo CD is one for all environments: it knows the owners of each; of two versions of one, the last. */
function ownersOf(renderings: readonly Pick<Rendering, 'inputs'>[]): Owner[] {
  const owners = renderings.flatMap(({ inputs }) => inputs.catalog.owners);
  return [...new Map(owners.map((owner) => [owner.id, owner])).values()].sort((a, b) => compareCodePoints(a.id, b.id));
}

/** @param isPlaced False where there is no cluster yet that an Application could go to. */
function appFiles(environment: string, pool: string, apps: readonly App[], isPlaced: boolean): OutputFile[] {
  const clusters = [...new Set(apps.map(({ cluster }) => cluster))];
  return [
    fileOf('projects', renderProject(environment, pool, apps)),
    ...(isPlaced ? [fileOf('applicationsets', renderApplicationSet(environment, pool, clusters))] : []),
  ];
}

function chartFiles(environment: string, pool: string, installs: readonly Install[]): OutputFile[] {
  return [
    fileOf('projects', renderPlatformProject(environment, pool, installs)),
    ...installs.map((install) =>
      fileOf(
        `applications/${environment}`,
        renderChartApplication(install),
        `${install.cluster}-${install.component.id}`,
      ),
    ),
  ];
}

function fileOf(folder: string, manifest: Manifest, name = manifest.metadata.name): OutputFile {
  return renderDocuments(`${argocdFolder}/${folder}/${name}.yaml`, [manifest]);
}
