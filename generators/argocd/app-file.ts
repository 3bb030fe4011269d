import { type App, folderOf } from '../app.ts';
import { sourcesOf } from '../emit/manifest.ts';
import type { OutputFile } from '../emit/output.ts';

/** Name of the file that tells Argo CD's ApplicationSets of an app. */
export const appFileName = 'app.json';

/** The app's parameters, which the ApplicationSet of its environment and pool turns into an Application. */
export function renderAppFile(app: App): OutputFile {
  const { cluster, name, namespace, owner, tier } = app;
  const path = folderOf(app);
  const parameters = { name, cluster, namespace, owner, path, tier };
  return {
    path: `${path}/${appFileName}`,
    text: `${JSON.stringify(parameters, undefined, 2)}\n`,
    sources: [...new Set(app.manifests.flatMap(sourcesOf))].sort(),
  };
}
