import { fileURLToPath } from 'node:url';
import { maintainPartitions } from '../../datasets/market/partitions.ts';
import { createChildren } from '../../runtime/children.ts';
import { createLogger } from '../../runtime/log.ts';
import { openEmbeddedPostgres } from '../../stores/embedded/postgres.ts';
import { migrateRelational } from '../../stores/migrate.ts';
import type { Relational } from '../../stores/relational.ts';

const migrations = fileURLToPath(new URL('../../datasets/market/relational', import.meta.url));

/** The program's embedded PostgreSQL, fsync on, with the tables of the order books and a partition for the day. */
export async function openDatabase(
  directory: string,
  dayMs: number,
): Promise<{ relational: Relational; close(): Promise<void> }> {
  const log = createLogger('silent', 'machines', false);
  const children = createChildren({ log });
  const { part: relational, stop } = await openEmbeddedPostgres({ dataDir: directory, children, log });
  await migrateRelational(relational, 'market', migrations);
  await maintainPartitions(relational, { now: dayMs, aheadDays: 1, retentionDays: 10_000 });
  return {
    relational,
    close: async () => {
      await stop();
      await children.close();
    },
  };
}

/** All updates in the table, but for when they came, which is never the same. */
export async function updateRows(relational: Relational): Promise<string[]> {
  const rows = await relational.query<{ row: string }>(
    `SELECT concat_ws(' ', symbol, update_id, first_update_id, extract(epoch FROM event_time),
                      bid, bid_size, ask, ask_size, bids, asks) AS row
       FROM market.records WHERE kind = 'depth'`,
  );
  return rows.map(({ row }) => row);
}
