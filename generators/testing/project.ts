import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseEnvironment } from '../../catalog/environment.ts';
import { type CatalogFiles, parseCatalog, readCatalogFiles } from '../../catalog/load.ts';
import { formatProblem } from '../../catalog/problem.ts';
import type { FileContent } from '../../catalog/yaml.ts';
import { parseImages } from '../images.ts';
import type { RenderInputs } from '../inputs.ts';

/** The project that the tests run in: they go by its real catalog and environments. */
export const projectRoot = dirname(dirname(import.meta.dirname));

export const renderedEnvironments = ['dev', 'staging', 'production'] as const;

export function realCatalogFiles(): CatalogFiles {
  return readCatalogFiles(join(projectRoot, 'catalog'));
}

/** The inputs of an environment, with the catalog's head whatever it follows, or another catalog in its place. */
export function inputsOf(environment: string, files: CatalogFiles = realCatalogFiles()): RenderInputs {
  const { catalog, problems } = parseCatalog(files);
  if (catalog === undefined) throw new Error(problems.map(formatProblem).join('\n'));
  const folder = `environments/${environment}`;
  const settings = parseEnvironment(`${folder}/environment.yaml`, contentOf(`${folder}/environment.yaml`), catalog);
  const images = parseImages(`${folder}/images.lock.yaml`, contentOf(`${folder}/images.lock.yaml`));
  if (settings.environment === undefined || images.images === undefined) {
    throw new Error([...settings.problems, ...images.problems].map(formatProblem).join('\n'));
  }
  return { catalog, environment: settings.environment, images: images.images };
}

function contentOf(path: string): FileContent {
  return readFileSync(join(projectRoot, path));
}
