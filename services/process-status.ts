import { compareCodePoints } from '../catalog/kinds.ts';
import type { StatusAnswer } from './contracts/admin-answers.ts';
import type { CatalogSource } from './runtime/catalog-source.ts';
import type { LiveCatalog } from './runtime/live-catalog.ts';
import type { Health } from './runtime/modules.ts';
import type { RecentErrors } from './runtime/recent-errors.ts';
import { findSliceHead, type SliceHead } from './runtime/slice-head.ts';

export interface ProcessStatusOptions {
  readonly targets: readonly string[];
  readonly version: string;
  readonly environment: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly source: CatalogSource;
  /** Undefined while the process is starting. */
  catalog(): LiveCatalog | undefined;
  health(): Promise<Record<string, Health>> | undefined;
  readonly recentErrors: RecentErrors;
}

/** What a process says of itself: whose slice it runs by, and the answer to GET /status of its ops port. */
export interface ProcessStatus {
  /** Undefined where it reads the whole catalog. */
  head(): SliceHead | undefined;
  read(): Promise<StatusAnswer>;
}

export function createProcessStatus(options: ProcessStatusOptions): ProcessStatus {
  const { targets, version, environment, startedAt, source, recentErrors } = options;
  // The file is read again only when the catalog has changed.
  let seen: { readonly digest: string | undefined; readonly head: SliceHead | undefined } | undefined;
  function head(): SliceHead | undefined {
    if (source.kind === 'folder') return undefined;
    const digest = options.catalog()?.current().digest;
    if (seen === undefined || seen.digest !== digest) seen = { digest, head: findSliceHead(source.path) };
    return seen.head;
  }
  return {
    head,
    read: async () => {
      const live = options.catalog();
      const inForce = live?.current();
      const modules = await options.health();
      const { service = null, shard = null } = head() ?? {};
      return {
        ...{ service, shard: shard ?? null, targets: [...targets], version, environment, startedAt },
        catalog:
          live === undefined || inForce === undefined
            ? null
            : { digest: inForce.digest, since: inForce.since.getTime(), refused: [...live.refused()] },
        modules:
          modules === undefined
            ? null
            : Object.entries(modules)
                .map(([name, { ok, detail = null }]) => ({ name, ok, detail }))
                .sort((a, b) => compareCodePoints(a.name, b.name)),
        recentErrors: recentErrors.list(),
      };
    },
  };
}
