import type { App } from '../app.ts';
import type { Manifest } from '../emit/manifest.ts';
import { byPath, type OutputFile, renderDocuments } from '../emit/output.ts';
import { renderApplicationSet } from './application-sets.ts';
import { renderBootstrap } from './bootstrap.ts';
import { renderProject } from './projects.ts';

/** The folder of Argo CD's own objects, all of them generated. */
export const argocdFolder = 'argocd';

/**
 * Argo CD's objects for the apps of all environments: one AppProject and one ApplicationSet for each environment and
 * pool, and the one file that brings them all in.
 */
export function renderArgocd(apps: readonly App[]): OutputFile[] {
  const groups = Map.groupBy(apps, ({ environment, pool }) => `${environment} ${pool}`);
  const files = [...groups.values()].flatMap((group) => renderGroup(group));
  return [renderDocuments(`${argocdFolder}/bootstrap.yaml`, renderBootstrap()), ...files].sort(byPath);
}

function renderGroup(apps: readonly App[]): OutputFile[] {
  const [first] = apps;
  if (first === undefined) return [];
  const { environment, pool } = first;
  const clusters = [...new Set(apps.map(({ cluster }) => cluster))];
  const file = (folder: string, manifest: Manifest): OutputFile =>
    renderDocuments(`${argocdFolder}/${folder}/${manifest.metadata.name}.yaml`, [manifest]);
  return [
    file('projects', renderProject(environment, pool, apps)),
    file('applicationsets', renderApplicationSet(environment, pool, clusters)),
  ];
}
