import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadEnvironment } from '../../../catalog/environment.ts';
import { CatalogError, parseCatalog, readCatalogFiles } from '../../../catalog/load.ts';
import { renderLock } from '../../../catalog/lock.ts';
import { formatProblem } from '../../../catalog/problem.ts';
import { readGeneration } from '../../../generators/workspace.ts';
import type { Folder, RenderInput } from './input.ts';
import { objectFiles, objectsOf } from './objects.ts';
import { type Factors, scaleCatalog, scaleEnvironment, yamlOf } from './scale.ts';

const allEnvironments = ['dev', 'staging', 'production'];
const pairFile = 'catalog/pairs/top10.yaml';

/**
 * Writes this repository's catalog and environments, all or some, scaled, as a project into an empty folder. Production's lock is
 * that of the same catalog.
 */
export function writeProject(
  root: string,
  source: string,
  factors: Factors,
  environments: readonly string[] = allEnvironments,
): void {
  const given = readCatalogFiles(join(source, 'catalog'));
  const files = scaleCatalog(given, factors);
  const { catalog, problems } = parseCatalog(files);
  if (catalog === undefined) throw new CatalogError(problems);
  const write = (path: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  for (const [path, content] of files) {
    if (typeof content === 'string' || content instanceof Uint8Array) write(`catalog/${path}`, content);
  }
  const { catalog: original } = parseCatalog(given);
  for (const name of environments) {
    const folder = `environments/${name}`;
    const settings = join(source, folder, 'environment.yaml');
    const environment = loadEnvironment(settings, original ?? catalog);
    const text = factors.pools === 1 ? readFileSync(settings) : yamlOf(scaleEnvironment(environment, factors));
    write(`${folder}/environment.yaml`, text);
    write(`${folder}/images.lock.yaml`, readFileSync(join(source, folder, 'images.lock.yaml')));
    if (environment.follow === 'lock') write(`${folder}/catalog.lock.json`, renderLock(catalog).text);
  }
}

/** Writes the project, with so many environments at most, and what a render of it gives, for those who are given the objects. */
export function prepareInput(folder: string, source: string, factors: Factors, environmentsMax?: number): RenderInput {
  const root = join(folder, 'project');
  writeProject(root, source, factors, allEnvironments.slice(0, environmentsMax));
  const { generation, problems } = readGeneration(root, {});
  if (generation === undefined) throw new Error(problems.map(formatProblem).join('\n'));
  const byFolder = Map.groupBy(objectFiles(generation.files), ({ path }) => dirname(path));
  const folders = [...byFolder].map(
    ([path, files]): Folder => ({ path, objects: files.flatMap(({ text }) => objectsOf(text)) }),
  );
  const objectsFile = join(folder, 'objects.json');
  writeFileSync(objectsFile, JSON.stringify(folders));
  return { root, objectsFile, pairFile };
}
