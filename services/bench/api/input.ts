import type { Catalog } from '../../../catalog/schema/catalog.ts';

/** What every subject gets. */
export interface ApiInput {
  /** PostgreSQL over TCP and ClickHouse over HTTP, the same for all. */
  readonly databaseUrl: string;
  readonly clickhouseUrl: string;
  /** A file with the catalog in force, as services have read it: CatalogFile. */
  readonly catalog: string;
  /** A file with what our API answered to the asks that are compared: Captured[]. */
  readonly captured: string;
  /** Where the load generator takes orders. */
  readonly load: string;
  readonly plan: Plan;
  readonly connections: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

/** What is asked in a case. */
export interface Plan {
  /** Asked of every subject before anything is timed; their answers must be equal. */
  readonly compared: readonly string[];
  /** What the load asks for: one path again and again, or another range of blocks each time. */
  readonly load: { readonly path: string } | { readonly ranges: RangePlan };
  /** Sends back the ETag of the answer: all that is to come is 304. */
  readonly conditional?: true;
  /** Answers are kept for a moment and given again, by all subjects; else each is made anew. */
  readonly kept?: true;
  /** Fewer connections than the size says, where more would only wait in line for a store. */
  readonly connectionsMax?: number;
}

/** Ranges of blocks, each between `minBlocks` long and all there are. */
export interface RangePlan {
  readonly path: string;
  readonly firstBlock: number;
  readonly lastBlock: number;
  readonly minBlocks: number;
}

export interface CatalogFile {
  readonly catalog: Catalog;
  readonly digest: string;
}

export interface Captured {
  readonly path: string;
  readonly etag: string;
  readonly body: string;
}

/** For how long answers are kept, where they are: chain-sync reports once in that time. */
export const keptMs = 1000;

/** Connections to PostgreSQL that a server may hold. */
export const poolSize = 20;
