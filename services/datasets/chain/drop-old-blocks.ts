import type { Relational, Transaction } from '../../stores/relational.ts';
import { dropFinality } from './finality.ts';
import { type Interval, parseMultirange } from './intervals.ts';
import { integerOf } from './rows.ts';
import { type Cursor, lockCursor } from './write-cursor.ts';

/** Headers looked at in one step. */
const blocksMax = 1_000;

/** Which blocks may be dropped for their age, and how much at once. */
export interface DropRequest {
  /** Unix seconds; blocks made before it may go. */
  readonly olderThan: number;
  /** The highest block that may go. */
  readonly upTo: number;
  /** Blocks, transactions and logs in one step, for commits wait for it. One block goes whatever it has. */
  readonly rowsMax: number;
}

export interface Dropped {
  readonly cursor: Cursor;
  readonly blocks: number;
  /** It ended because it was enough for one step: more may go at once. */
  readonly more: boolean;
}

/**
 * Drops the lowest blocks of a network that are old enough, with all rows of them: transactions, logs, times of finality, orphans of
 * their heights. What stays, whatever its age: the last final block and all above it, and blocks whose appearance is not relayed,
 * since the relay reads their rows. Nothing is written to the outbox: other stores have a time of their own for what they keep.
 * Throws StaleCursor as a commit does; a RetryableError of another kind may come after the commit.
 */
export async function dropOldBlocks(
  relational: Relational,
  network: string,
  cursor: Cursor,
  { olderThan, upTo, rowsMax }: DropRequest,
): Promise<Dropped> {
  return relational.transaction(async (tx) => {
    const current = await lockCursor(tx, network, cursor);
    const lowest = current.synced[0];
    if (lowest === undefined || current.finalizedNumber === null) return { cursor: current, blocks: 0, more: false };
    const allowed = { from: lowest.from, to: Math.min(upTo, current.finalizedNumber - 1) };
    const { old, more } = await findOld(tx, network, allowed, { olderThan, rowsMax });
    if (old === undefined) return { cursor: current, blocks: 0, more };
    const unrelayed = await findUnrelayed(tx, network, old);
    const range = { from: old.from, to: unrelayed === undefined ? old.to : unrelayed - 1 };
    if (range.to < range.from) return { cursor: current, blocks: 0, more: false };
    const blocks = await deleteRows(tx, network, range);
    const [updated] = await tx.query<{ synced: string }>(
      `UPDATE chain.cursors SET dropped_to = $2, synced = synced - int8multirange(int8range(NULL, $2, '[]'))
        WHERE network = $1 RETURNING synced::text AS synced`,
      [network, range.to],
    );
    if (updated === undefined) throw new Error(`the cursor of network ${network} vanished while it was locked`);
    const synced = parseMultirange(updated.synced);
    return { cursor: { ...current, synced, droppedTo: range.to }, blocks, more: more && range.to === old.to };
  });
}

/**
 * The lowest blocks of a range that are older than a time, as many as have `rowsMax` rows. They are walked from below, time never
 * going back along a chain: no index by time is needed, which each block written would pay for.
 */
async function findOld(
  tx: Transaction,
  network: string,
  range: Interval,
  { olderThan, rowsMax }: Pick<DropRequest, 'olderThan' | 'rowsMax'>,
): Promise<{ old: Interval | undefined; more: boolean }> {
  const found = await tx.query<{ number: string; timestamp: string; rows: string }>(
    `SELECT number, timestamp, 1 + tx_count::int8 + log_count AS rows FROM chain.blocks
      WHERE network = $1 AND number BETWEEN $2 AND $3 ORDER BY number LIMIT $4`,
    [network, range.from, range.to, blocksMax],
  );
  let old: Interval | undefined;
  let rows = 0;
  for (const block of found) {
    if (integerOf(block.timestamp) >= olderThan) return { old, more: false };
    rows += integerOf(block.rows);
    if (old !== undefined && rows > rowsMax) return { old, more: true };
    const number = integerOf(block.number);
    old = { from: old?.from ?? number, to: number };
  }
  return { old, more: found.length === blocksMax };
}

/** The lowest block of a range whose appearance is not relayed yet. The outbox has no index by number, and is short. */
async function findUnrelayed(tx: Transaction, network: string, range: Interval): Promise<number | undefined> {
  const [row] = await tx.query<{ number: string | null }>(
    `SELECT min(number) AS number FROM chain.changes
      WHERE network = $1 AND number BETWEEN $2 AND $3 AND NOT retract AND final_at_ms IS NULL`,
    [network, range.from, range.to],
  );
  return row === undefined || row.number === null ? undefined : integerOf(row.number);
}

async function deleteRows(tx: Transaction, network: string, range: Interval): Promise<number> {
  const bounds = [network, range.from, range.to];
  await tx.query('DELETE FROM chain.logs WHERE network = $1 AND block_number BETWEEN $2 AND $3', bounds);
  await tx.query('DELETE FROM chain.txs WHERE network = $1 AND block_number BETWEEN $2 AND $3', bounds);
  const [gone] = await tx.query<{ blocks: string }>(
    `WITH gone AS (DELETE FROM chain.blocks WHERE network = $1 AND number BETWEEN $2 AND $3 RETURNING 1)
     SELECT count(*) AS blocks FROM gone`,
    bounds,
  );
  await tx.query('DELETE FROM chain.orphans WHERE network = $1 AND number <= $2', [network, range.to]);
  await dropFinality(tx, network, range);
  return integerOf(gone?.blocks ?? '0');
}
