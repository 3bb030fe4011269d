import { readFileSync } from 'node:fs';

/** What a mounted slice of the catalog says of itself. */
export interface SliceHead {
  readonly service: string;
  /** Which part of the service's work it is, where that is split. */
  readonly shard: string | undefined;
  /** The kinds that it holds: `networks`. */
  readonly keys: readonly string[];
}

/** Reads whose slice a file is. Undefined if it says nothing of that, or cannot be read: what is wrong is told where it is used. */
export function findSliceHead(path: string): SliceHead | undefined {
  let slice: unknown;
  try {
    slice = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
  if (typeof slice !== 'object' || slice === null || !('service' in slice) || !('catalog' in slice)) return undefined;
  const { service, catalog } = slice;
  const shard = 'shard' in slice && typeof slice.shard === 'string' ? slice.shard : undefined;
  if (typeof service !== 'string' || typeof catalog !== 'object' || catalog === null) return undefined;
  return { service, shard, keys: Object.keys(catalog) };
}
