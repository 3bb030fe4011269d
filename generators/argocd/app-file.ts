import { type App, folderOf } from '../app.ts';
import { projectOf } from '../conventions.ts';
import { sourcesOf } from '../emit/manifest.ts';
import type { OutputFile } from '../emit/output.ts';

/** Name of the file that tells Argo CD's ApplicationSets of an app. */
export const appFileName = 'app.json';

/** The app's parameters, which the ApplicationSet of its environment and pool turns into an Application. */
export function renderAppFile(app: App): OutputFile {
  const { environment, pool, cluster, name, namespace, owner, tier, wave } = app;
  const path = folderOf(app);
  const parameters = { name, project: projectOf(environment, pool), cluster, namespace, owner, path, wave, tier };
  return {
    path: `${path}/${appFileName}`,
    text: `${JSON.stringify(parameters, undefined, 2)}\n`,
    sources: [...new Set(app.manifests.flatMap(sourcesOf))].sort(),
  };
}
