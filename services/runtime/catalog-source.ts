import { readFileSync, statSync } from 'node:fs';
import { readEnvironment } from '../../catalog/environment.ts';
import { formatProblem, readCatalog } from '../../catalog/load.ts';
import { renderLock } from '../../catalog/lock.ts';
import type { Environment } from '../../catalog/schema/environment.ts';
import { parseSlice } from '../../catalog/slice.ts';
import type { CatalogReading } from './live-catalog.ts';

/** The catalog with the environment it was checked with. */
export type SourcesReading =
  | (Extract<CatalogReading, { catalog: unknown }> & { readonly environment: Environment })
  | Extract<CatalogReading, { problems: unknown }>;

/** Where the catalog is: the folder of YAML files, or the slice of it that a cluster mounts for one service. */
export type CatalogSource =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'slice'; readonly path: string };

/** A folder is a catalog, a file a slice. A path that is missing is taken for a folder: reading it says what is wrong. */
export function catalogSourceOf(path: string): CatalogSource {
  return { kind: statSync(path, { throwIfNoEntry: false })?.isFile() === true ? 'slice' : 'folder', path };
}

/** Reads catalog and environment together, as they are checked against each other. All problems come as `file:line:col CODE …`. */
export function readSources(source: CatalogSource, environmentFile: string): SourcesReading {
  if (source.kind === 'slice') {
    const { catalog, digest } = parseSlice(readFileSync(source.path, 'utf8'), source.path);
    const { environment, problems } = readEnvironment(environmentFile, catalog);
    if (environment === undefined) return { problems: problems.map(formatProblem) };
    return { catalog, digest, environmentNetworks: environment.networks ?? [], environment };
  }
  const { catalog, problems } = readCatalog(source.path);
  if (catalog === undefined) return { problems: problems.map(formatProblem) };
  const read = readEnvironment(environmentFile, catalog);
  if (read.environment === undefined) return { problems: read.problems.map(formatProblem) };
  const { environment } = read;
  return { catalog, digest: renderLock(catalog).digest, environmentNetworks: environment.networks ?? [], environment };
}
