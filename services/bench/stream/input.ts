import { readFileSync } from 'node:fs';
import type { Catalog } from '../../../catalog/schema/catalog.ts';
import type { FlowName } from './flows.ts';

/** What every subject gets. */
export interface StreamInput {
  readonly flow: FlowName;
  /** A broker whose topic has all messages already. */
  readonly brokers: readonly string[];
  /** ClickHouse over HTTP, the same server for all. */
  readonly clickhouseUrl: string;
  /** A file with the catalog as JSON. */
  readonly catalog: string;
  readonly messages: number;
  /** That they become in the store. */
  readonly rows: number;
}

export function readCatalog({ catalog }: StreamInput): Catalog {
  return JSON.parse(readFileSync(catalog, 'utf8')) as Catalog;
}
