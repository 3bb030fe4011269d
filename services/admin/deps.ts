import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Environment } from '../../catalog/schema/environment.ts';
import type { EnvironmentAnswer, StatusAnswer, UpstreamName } from '../contracts/admin-answers.ts';
import type { LiveCatalog } from '../runtime/live-catalog.ts';
import type { KeptEnvironments } from './environments/kept-environments.ts';

/** What the service is made with. */
export interface AdminDeps {
  readonly catalog: LiveCatalog;
  /** The kinds that this process is given of the catalog, `networks`; undefined: all of them. */
  readonly heldKinds: () => readonly string[] | undefined;
  readonly environment: Environment;
  readonly version: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** Addresses of the APIs whose reads are passed on; those that are not known are left out. */
  readonly upstreams: Readonly<Partial<Record<UpstreamName, string>>>;
  /** Gateways that tell who calls. */
  readonly trustedProxies?: readonly string[] | undefined;
  /** Ops ports of all processes; undefined: this is the only one. */
  readonly opsUrls: readonly string[] | undefined;
  /** What this process says of itself, and where. */
  readonly ownStatus: () => Promise<StatusAnswer>;
  readonly ownOpsUrl: string;
  /** Where people find the dashboards. */
  readonly grafanaUrl: string | undefined;
  /** The built pages. */
  readonly pagesFolder: string;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly log: Logger;
  readonly metrics: Registry;
}

/** What the routes work with. */
export interface RouteDeps extends AdminDeps {
  readonly environments: KeptEnvironments;
}

export type Links = EnvironmentAnswer['links'];
