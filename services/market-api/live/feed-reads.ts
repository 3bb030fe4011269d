import { queryRecords, selectedColumns, timeOf } from '../../datasets/market/read-rows.ts';
import type { Gap, MarketRecord } from '../../datasets/market/record.ts';
import type { Relational, Rows } from '../../stores/relational.ts';

/** What is read in it is of one moment: records, and the gaps that were committed with them. */
export function inSnapshot<T>(relational: Relational, read: (tx: Rows) => Promise<T>): Promise<T> {
  return relational.transaction(async (tx) => {
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
    return read(tx);
  });
}

/** The record of a book with that update id, not older than `fromMs`; the newest, should there be several. */
export async function findOfBook(
  rows: Rows,
  symbol: string,
  updateId: number,
  fromMs: number,
): Promise<MarketRecord | undefined> {
  const found = await queryRecords(
    rows,
    `SELECT ${selectedColumns} FROM market.records
      WHERE symbol = $1 AND kind IN ('depth', 'snapshot', 'checkpoint') AND event_time >= $3 AND update_id = $2
      ORDER BY event_time DESC LIMIT 1`,
    [symbol, updateId, timeOf(fromMs)],
  );
  return found[0];
}

/** Gaps of the symbols that last, or were closed at `closedFromMs` or later; the oldest first. */
export async function readRecentGaps(rows: Rows, symbols: readonly string[], closedFromMs: number): Promise<Gap[]> {
  const found = await rows.query<{ gap: Gap }>(
    `SELECT json_build_object('symbol', symbol, 'stream', stream, 'reason', reason,
              'fromUpdateId', from_update_id, 'toUpdateId', to_update_id,
              'openedAtMs', (extract(epoch FROM opened_at) * 1000)::int8,
              'closedAtMs', (extract(epoch FROM closed_at) * 1000)::int8, 'detail', detail) AS gap
       FROM market.gaps WHERE symbol = ANY ($1) AND (closed_at IS NULL OR closed_at >= $2)
      ORDER BY opened_at, from_update_id`,
    [symbols, timeOf(closedFromMs)],
  );
  return found.map(({ gap }) => gap);
}
