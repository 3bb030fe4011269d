import { RetryableError } from '../../runtime/errors.ts';
import type { Relational, Rows, Transaction } from '../../stores/relational.ts';
import type { Hex } from './block.ts';
import { type Intervals, parseMultirange } from './intervals.ts';
import { hexOf, integerOf } from './rows.ts';

/** Where a network's sync stands, as last committed. */
export interface Cursor {
  readonly genesisHash: Hex | null;
  readonly synced: Intervals;
  readonly finalizedNumber: number | null;
  /** Every block up to this one was dropped for its age, or never held; null while none was dropped. Below all that is held. */
  readonly droppedTo: number | null;
  /** Grows by one with every block added or retracted and every move of finality; also guards against two writers of one network. */
  readonly seq: number;
}

/** What is held is not what the step was made for; nothing was written. Read the cursor again and decide anew. */
export class StaleCursor extends RetryableError {}

/** A network's cursor, made on first sight. */
export async function loadCursor(relational: Relational, network: string): Promise<Cursor> {
  await relational.query('INSERT INTO chain.cursors (network) VALUES ($1) ON CONFLICT DO NOTHING', [network]);
  return readCursor(relational, network, '');
}

/** Records the hash of block 0, unless one is recorded; every endpoint is held to it from then on. The network must have a cursor. */
export async function pinGenesis(relational: Relational, network: string, hash: Hex): Promise<void> {
  await relational.query('UPDATE chain.cursors SET genesis_hash = $2 WHERE network = $1 AND genesis_hash IS NULL', [
    network,
    Buffer.from(hash.slice(2), 'hex'),
  ]);
}

/**
 * Locks a network's cursor until the transaction ends: nobody else commits to the network meanwhile. Throws StaleCursor unless it is
 * the one given, by the changes written and by what was dropped, which writes none.
 */
export async function lockCursor(tx: Transaction, network: string, cursor: Cursor): Promise<Cursor> {
  const current = await readCursor(tx, network, 'FOR UPDATE');
  if (current.seq !== cursor.seq)
    throw new StaleCursor(`network ${network}: change ${current.seq} was committed after ${cursor.seq}`);
  if (current.droppedTo !== cursor.droppedTo)
    throw new StaleCursor(`network ${network}: blocks up to ${current.droppedTo} were dropped meanwhile`);
  return current;
}

async function readCursor(rows: Rows, network: string, lock: '' | 'FOR UPDATE'): Promise<Cursor> {
  const [row] = await rows.query<{
    genesis_hash: Buffer | null;
    synced: string;
    finalized_number: string | null;
    dropped_to: string | null;
    seq: string;
  }>(
    `SELECT genesis_hash, synced::text AS synced, finalized_number, dropped_to, seq
       FROM chain.cursors WHERE network = $1 ${lock}`,
    [network],
  );
  if (row === undefined) throw new Error(`network ${network} has no cursor: loadCursor makes it`);
  return {
    genesisHash: row.genesis_hash === null ? null : hexOf(row.genesis_hash),
    synced: parseMultirange(row.synced),
    finalizedNumber: row.finalized_number === null ? null : integerOf(row.finalized_number),
    droppedTo: row.dropped_to === null ? null : integerOf(row.dropped_to),
    seq: integerOf(row.seq),
  };
}
