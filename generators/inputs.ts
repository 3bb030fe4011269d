import type { Catalog } from '../catalog/schema/catalog.ts';
import type { Environment } from '../catalog/schema/environment.ts';
import type { Pool } from '../catalog/schema/pool.ts';
import type { Images } from './images.ts';

/** All that an environment's files are made from. */
export interface RenderInputs {
  /** The catalog's head, or what the environment's own lock holds. */
  readonly catalog: Catalog;
  readonly environment: Environment;
  readonly images: Images;
}

/** The inputs fit each other in form, but cannot be rendered; the message says what to change. */
export class RenderError extends Error {
  override name = 'RenderError';
}

export function getPool(catalog: Catalog, id: string): Pool {
  const pool = catalog.pools.find((candidate) => candidate.id === id);
  if (pool === undefined) throw new RenderError(`pool ${id} is not in the catalog`);
  return pool;
}
