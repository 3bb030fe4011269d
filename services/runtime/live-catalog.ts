import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { metrics as names } from '../../catalog/metrics.ts';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { Network } from '../../catalog/schema/network.ts';
import { ConfigurationError, describeError } from './errors.ts';
import { counterOf, gaugeOf } from './metrics.ts';
import type { Health, Started } from './modules.ts';

/** A catalog that passed every check, and when it came into force. */
export interface CatalogInForce {
  /** With the protocols that exist only in this environment. */
  readonly catalog: Catalog;
  /** The catalog's networks and those that exist only in this environment, by id. */
  readonly networks: readonly Network[];
  readonly digest: string;
  readonly since: Date;
}

/** The catalog as the services see it: always a good one, replaced as a whole when the files change. */
export interface LiveCatalog {
  current(): CatalogInForce;
  /** Why the files on disk are refused, one line a problem; empty while they are the catalog in force. */
  refused(): readonly string[];
  /** Calls back after each change; returns how to stop that. */
  subscribe(listener: (current: CatalogInForce) => void): () => void;
}

/** What reading the catalog's place gives: a good catalog, or the lines to show a person. */
export type CatalogReading =
  | { readonly catalog: Catalog; readonly digest: string; readonly environmentNetworks: readonly Network[] }
  | { readonly problems: readonly string[] };

export interface LiveCatalogOptions {
  /** Files and folders whose change means that the catalog is to be read again. */
  readonly paths: readonly string[];
  read(): CatalogReading;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly pollMs: number;
}

/**
 * Reads the catalog and keeps reading it when it changes. Throws ConfigurationError when the first reading is refused; later a
 * refused one is reported and the last good one stays in force.
 * Changes are found by polling names, sizes and times: it also sees a ConfigMap's swapped symlink and network file systems,
 * where file events do not arrive, and costs about a millisecond for a few hundred files.
 */
export async function openLiveCatalog(options: LiveCatalogOptions): Promise<Started<LiveCatalog>> {
  const { log } = options;
  const info = gaugeOf(options.metrics, names.catalogInfo);
  const reloads = counterOf(options.metrics, names.catalogReloads);
  const broken = gaugeOf(options.metrics, names.catalogBroken);
  const listeners = new Set<(current: CatalogInForce) => void>();
  let seen = await fingerprintOf(options.paths);
  let refused: readonly string[] = [];

  const first = options.read();
  if ('problems' in first) throw new ConfigurationError(`the catalog is refused:\n${first.problems.join('\n')}`);
  let current = inForce(first);
  info.set({ digest: current.digest }, 1);
  broken.set(0);

  function reload(): void {
    let reading: CatalogReading;
    try {
      reading = options.read();
    } catch (error) {
      reading = { problems: [describeError(error)] };
    }
    if ('problems' in reading) {
      refused = reading.problems;
      broken.set(1);
      reloads.inc({ result: 'refused' });
      log.error(
        { problems: refused, digest: current.digest },
        'changed catalog refused, the last good one stays in force',
      );
      return;
    }
    refused = [];
    broken.set(0);
    const next = inForce(reading);
    if (next.digest === current.digest && isSame(next, current)) return;
    reloads.inc({ result: 'accepted' });
    info.remove({ digest: current.digest });
    info.set({ digest: next.digest }, 1);
    log.info({ from: current.digest, to: next.digest }, 'catalog changed');
    current = next;
    for (const listener of listeners) listener(current);
  }

  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  async function poll(): Promise<void> {
    try {
      const now = await fingerprintOf(options.paths);
      if (!stopped && now !== seen) {
        seen = now;
        reload();
      }
    } catch (error) {
      log.error({ reason: describeError(error) }, 'catalog could not be looked at');
    }
    if (!stopped) timer = setTimeout(poll, options.pollMs);
  }
  timer = setTimeout(poll, options.pollMs);

  return {
    part: {
      current: () => current,
      refused: () => refused,
      subscribe: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
    },
    // A refused change is no reason to take the process out of service: it works on the last good catalog.
    health: (): Health => ({
      ok: true,
      detail: refused.length === 0 ? current.digest : `${current.digest}; the files on disk are refused: ${refused[0]}`,
    }),
  };
}

function inForce(reading: Exclude<CatalogReading, { problems: readonly string[] }>): CatalogInForce {
  const networks = [...reading.catalog.networks, ...reading.environmentNetworks];
  return {
    catalog: reading.catalog,
    networks: networks.sort((a, b) => (a.id < b.id ? -1 : 1)),
    digest: reading.digest,
    since: new Date(),
  };
}

/** Whether two catalogs of one digest hold the same networks and protocols: those of the environment are not in it. */
function isSame(a: CatalogInForce, b: CatalogInForce): boolean {
  const ofEnvironment = ({ networks, catalog }: CatalogInForce): string =>
    JSON.stringify([networks, catalog.protocols]);
  return ofEnvironment(a) === ofEnvironment(b);
}

/** Names, sizes and times of all files below the paths. A path that is missing is part of the answer. */
async function fingerprintOf(paths: readonly string[]): Promise<string> {
  const lines: string[] = [];
  async function visit(path: string): Promise<void> {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) {
      lines.push(`${path} missing`);
      return;
    }
    if (!found.isDirectory()) {
      lines.push(`${path} ${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}`);
      return;
    }
    const names = await readdir(path);
    // The schema and the code beside the data do not change at run time, and are not data.
    await Promise.all(
      names.filter((name) => name !== 'schema' && !name.endsWith('.ts')).map((name) => visit(join(path, name))),
    );
  }
  await Promise.all(paths.map(visit));
  return lines.sort().join('\n');
}
