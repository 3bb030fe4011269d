import { readFileSync, statSync } from 'node:fs';
import { readEnvironment } from '../../catalog/environment.ts';
import { compareCodePoints } from '../../catalog/kinds.ts';
import { type FileCache, formatProblem, readCatalog } from '../../catalog/load.ts';
import { renderLock } from '../../catalog/lock.ts';
import { CatalogError } from '../../catalog/problem.ts';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { Environment } from '../../catalog/schema/environment.ts';
import type { Network } from '../../catalog/schema/network.ts';
import { parseSlice } from '../../catalog/slice.ts';
import type { CatalogReading } from './live-catalog.ts';
import { movePort } from './move-port.ts';

/** Where the catalog is: the folder of YAML files, or the slice of it that a cluster mounts for one service. */
export type CatalogSource =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'slice'; readonly path: string };

/** A folder is a catalog, a file a slice. A path that is missing is taken for a folder: reading it says what is wrong. */
export function catalogSourceOf(path: string): CatalogSource {
  return { kind: statSync(path, { throwIfNoEntry: false })?.isFile() === true ? 'slice' : 'folder', path };
}

/** The catalog, with the protocols of the environment among its own, and the environment it was checked with. */
export type SourcesReading =
  | (Extract<CatalogReading, { catalog: unknown }> & { readonly environment: Environment })
  | Extract<CatalogReading, { problems: unknown }>;

/**
 * Reads catalog and environment together, as they are checked against each other. All problems come as `file:line:col CODE …`.
 * `cache` makes reading again after a change cheap. `portOffset` moves the chains that the environment itself starts, as it moves every other port of this process.
 */
export function readSources(
  source: CatalogSource,
  environmentFile: string,
  portOffset: number,
  cache?: FileCache,
): SourcesReading {
  const read = source.kind === 'slice' ? readSlice(source.path) : readFolder(source.path, cache);
  if ('problems' in read) return read;
  const { environment, problems } = readEnvironment(environmentFile, read.catalog);
  if (environment === undefined) return { problems: problems.map(formatProblem) };
  const environmentNetworks = (environment.networks ?? []).map((network) => movePorts(network, portOffset));
  // Whoever reads protocols need not know where they are written.
  const protocols = [...read.catalog.protocols, ...(environment.protocols ?? [])];
  const catalog = { ...read.catalog, protocols: protocols.sort((a, b) => compareCodePoints(a.id, b.id)) };
  return { ...read, catalog, environmentNetworks, environment };
}

type CatalogAndDigest = { catalog: Catalog; digest: string } | { problems: string[] };

function readFolder(path: string, cache: FileCache | undefined): CatalogAndDigest {
  const { catalog, problems } = readCatalog(path, cache);
  // A warning refuses nothing: the command line shows those.
  if (catalog === undefined) {
    return { problems: problems.filter(({ severity }) => severity === 'error').map(formatProblem) };
  }
  return { catalog, digest: renderLock(catalog).digest };
}

function readSlice(path: string): CatalogAndDigest {
  try {
    return parseSlice(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if (error instanceof CatalogError) return { problems: error.problems.map(formatProblem) };
    throw error;
  }
}

function movePorts(network: Network, offset: number): Network {
  if (offset === 0) return network;
  return { ...network, rpc: network.rpc.map((endpoint) => ({ ...endpoint, url: movePort(endpoint.url, offset) })) };
}
