import { join } from 'node:path';
import { loadEnvironment } from '../../catalog/environment.ts';
import { loadCatalog } from '../../catalog/load.ts';
import type { Catalog } from '../../catalog/schema/catalog.ts';
import type { Environment } from '../../catalog/schema/environment.ts';

/** For how long rows are kept, in days. */
export interface Keeping {
  /** Of chains, in PostgreSQL and in ClickHouse. */
  readonly relationalDays: number;
  readonly timeseriesDays: number;
  /** Of the market's records. */
  readonly recordDays: number;
}

/** What a plan goes by. */
export type PlanningCatalog = Pick<Catalog, 'services' | 'topics' | 'machines' | 'pools'> & { readonly keeps: Keeping };

/** The catalog as it stands, and what production keeps by its environment. */
export function loadPlanning(root: string): Catalog & PlanningCatalog {
  const catalog = loadCatalog(join(root, 'catalog'));
  return {
    ...catalog,
    keeps: keepingOf(loadEnvironment(join(root, 'environments/production/environment.yaml'), catalog)),
  };
}

function keepingOf({ name, sync: { retention }, market }: Environment): Keeping {
  const recordDays = market?.storage?.retentionDays;
  if (retention === undefined || recordDays === undefined)
    throw new RangeError(
      `environments/${name} keeps rows for ever, for which no disk is large enough: give sync.retention and market.storage.retentionDays`,
    );
  return { ...retention, recordDays };
}
