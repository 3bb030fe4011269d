import type { Relational } from '../../stores/relational.ts';
import type { BlockStamp } from './read.ts';
import { integerOf } from './rows.ts';

/** Blocks that left the canonical chain together: one commit took them out and put their successors in. */
export interface Reorg {
  /** When that was, Unix milliseconds. */
  readonly atMs: number;
  /** The lowest first. */
  readonly orphans: readonly (BlockStamp & { readonly txCount: number })[];
}

/**
 * The newest reorganisations of a network, newest first, at most `limit`, before `beforeMs`. A block that left, came back and left
 * again is in the newest of them alone.
 */
export async function readReorgs(
  relational: Relational,
  network: string,
  { limit, beforeMs }: { readonly limit: number; readonly beforeMs?: number | undefined },
): Promise<Reorg[]> {
  const rows = await relational.query<{
    at: string;
    number: string;
    hash: `0x${string}`;
    timestamp: string;
    tx_count: number;
  }>(
    `SELECT trunc(extract(epoch FROM orphaned_at) * 1000)::int8 AS at, number, '0x' || encode(hash, 'hex') AS hash, timestamp, tx_count
       FROM chain.orphans
      WHERE network = $1 AND orphaned_at IN (
        SELECT DISTINCT orphaned_at FROM chain.orphans
         WHERE network = $1 AND ($3::int8 IS NULL OR trunc(extract(epoch FROM orphaned_at) * 1000) < $3)
         ORDER BY orphaned_at DESC LIMIT $2)
      ORDER BY orphaned_at DESC, number`,
    [network, limit, beforeMs ?? null],
  );
  return [...Map.groupBy(rows, ({ at }) => integerOf(at))].map(([atMs, of]) => ({
    atMs,
    orphans: of.map(({ number, hash, timestamp, tx_count: txCount }) => ({
      ...{ number: integerOf(number), hash, timestamp: integerOf(timestamp), txCount },
    })),
  }));
}
