import { join } from 'node:path';
import { listen } from '../runtime/http-listen.ts';
import type { Started } from '../runtime/modules.ts';
import type { AdminSettings } from '../runtime/settings.ts';
import { createAdminApp } from './app.ts';
import type { AdminDeps } from './deps.ts';
import { createFolderReader } from './environments/folder.ts';
import { createKeptEnvironments, type KeptEnvironments } from './environments/kept-environments.ts';
import { createRepositoryReader } from './environments/repository.ts';

/** What the rest of the process may ask of the dashboard. */
export interface Admin {
  /** Where it answers, one URL a port, in the order of the ports. */
  readonly urls: readonly string[];
}

export interface AdminModuleDeps extends Omit<AdminDeps, 'clock' | 'pagesFolder' | 'grafanaUrl' | 'opsUrls'> {
  readonly settings: AdminSettings;
  /** The project, of which environments/ is read where no repository is named; undefined: it is not here. */
  readonly projectFolder: string | undefined;
  readonly ports: readonly number[];
  readonly host: string;
}

/** A folder is read in milliseconds; of a repository each file is a request, though mostly one without an answer's body. */
const folderFreshMs = 2_000;
const repositoryFreshMs = 30_000;

/** Serves the dashboard on all its ports. Throws ConfigurationError when one cannot be had. */
export async function createAdmin(given: AdminModuleDeps): Promise<Started<Admin>> {
  const { settings, ports, host } = given;
  const deps: AdminDeps = {
    ...given,
    opsUrls: settings.opsUrls,
    grafanaUrl: settings.grafanaUrl,
    pagesFolder: join(import.meta.dirname, 'dist'),
    clock: Date.now,
  };
  const app = await createAdminApp({ ...deps, environments: openEnvironments(given) });
  const urls = await listen(app, ports, host);
  return {
    part: { urls },
    stop: () => app.close(),
    health: () => ({ ok: true, detail: urls.join(', ') }),
  };
}

function openEnvironments({ settings, projectFolder, log }: AdminModuleDeps): KeptEnvironments {
  const { repositoryUrl: url, repositoryRef: ref = 'main', repositoryToken: token } = settings;
  const shared = { clock: Date.now, log };
  if (url !== undefined) {
    const readFile = createRepositoryReader({ url, ref, token });
    return createKeptEnvironments({
      ...shared,
      readFile,
      freshMs: repositoryFreshMs,
      place: { kind: 'repository', url, ref },
    });
  }
  const readFile =
    projectFolder === undefined
      ? () => Promise.reject(new Error('REPOSITORY_URL is not set'))
      : createFolderReader(projectFolder);
  return createKeptEnvironments({ ...shared, readFile, freshMs: folderFreshMs, place: { kind: 'folder' } });
}
