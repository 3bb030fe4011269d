import { RetryableError } from '../../runtime/errors.ts';
import type { Relational, Rows, Transaction } from '../../stores/relational.ts';
import type { Block, Hex } from './block.ts';
import { blockRow, type ChangedBlock, changeRow, copyTargets, logRows, txRows } from './copy-rows.ts';
import { findIntervalOf, type Interval, type Intervals, parseMultirange } from './intervals.ts';
import { hexOf, integerOf } from './rows.ts';

/** Where a network's sync stands, as last committed. */
export interface Cursor {
  readonly genesisHash: Hex | null;
  readonly synced: Intervals;
  readonly finalizedNumber: number | null;
  /** Grows by one with every block added or retracted; also guards against two writers of one network. */
  readonly seq: number;
}

/** One atomic step of a network: blocks retracted, blocks appended (ascending, without holes), finality moved. */
export interface Step {
  readonly retract?: Interval | undefined;
  readonly append?: readonly Block[] | undefined;
  readonly finalizedNumber?: number | undefined;
}

/** Another process committed to the same network since the cursor was read: read it again before going on. */
export class StaleCursor extends RetryableError {}

/** A network's cursor, made on first sight. */
export async function loadCursor(relational: Relational, network: string): Promise<Cursor> {
  await relational.query('INSERT INTO chain.cursors (network) VALUES ($1) ON CONFLICT DO NOTHING', [network]);
  return readCursor(relational, network, '');
}

/** Records the hash of block 0 once; every endpoint is held to it from then on. */
export async function pinGenesis(relational: Relational, network: string, hash: Hex): Promise<void> {
  await relational.query('UPDATE chain.cursors SET genesis_hash = $2 WHERE network = $1 AND genesis_hash IS NULL', [
    network,
    Buffer.from(hash.slice(2), 'hex'),
  ]);
}

/**
 * Commits one step: rows, progress and outbox together or not at all. Returns the new cursor.
 * Throws StaleCursor when `cursor` is not the network's last one; nothing is written then.
 */
export async function commitStep(
  relational: Relational,
  network: string,
  cursor: Cursor,
  step: Step,
): Promise<Cursor> {
  const append = step.append ?? [];
  assertContiguous(append);
  return relational.transaction(async (tx) => {
    const current = await readCursor(tx, network, 'FOR UPDATE');
    if (current.seq !== cursor.seq) {
      throw new StaleCursor(`network ${network}: another process committed change ${current.seq} after ${cursor.seq}`);
    }
    let seq = cursor.seq;
    let changes = '';
    if (step.retract !== undefined) {
      for (const block of await retractBlocks(tx, network, step.retract)) changes += changeRow(network, ++seq, true, block);
    }
    for (const block of append) changes += changeRow(network, ++seq, false, changedBlockOf(block));
    if (append.length > 0) {
      await tx.copy(copyTargets.blocks, append.map((block) => blockRow(network, block)).join(''));
      await tx.copy(copyTargets.txs, append.map((block) => txRows(network, block)).join(''));
      await tx.copy(copyTargets.logs, append.map((block) => logRows(network, block)).join(''));
    }
    if (changes !== '') await tx.copy(copyTargets.changes, changes);
    const rows = await tx.query<{ synced: string }>(
      `UPDATE chain.cursors
          SET seq = $2,
              synced = synced - int8multirange($3::int8range) + int8multirange($4::int8range),
              finalized_number = greatest(finalized_number, $5)
        WHERE network = $1
        RETURNING synced::text AS synced`,
      [network, seq, rangeText(step.retract), rangeText(spanOf(append)), step.finalizedNumber ?? null],
    );
    if (changes !== '') await tx.query(`SELECT pg_notify('chain_changes', $1)`, [network]);
    const finalized = Math.max(current.finalizedNumber ?? -1, step.finalizedNumber ?? -1);
    return {
      genesisHash: current.genesisHash,
      synced: parseMultirange(rows[0]?.synced ?? '{}'),
      finalizedNumber: finalized < 0 ? null : finalized,
      seq,
    };
  });
}

/** Hashes of stored blocks in a range, by number. */
export async function readHashes(relational: Rows, network: string, range: Interval): Promise<Map<number, Hex>> {
  const rows = await relational.query<{ number: string; hash: Buffer }>(
    'SELECT number, hash FROM chain.blocks WHERE network = $1 AND number BETWEEN $2 AND $3',
    [network, range.from, range.to],
  );
  return new Map(rows.map((row) => [integerOf(row.number), hexOf(row.hash)]));
}

/** The parent hash of one stored block, or undefined when it is not held. */
export async function findParentHash(relational: Rows, network: string, number: number): Promise<Hex | undefined> {
  const rows = await relational.query<{ parent_hash: Buffer }>(
    'SELECT parent_hash FROM chain.blocks WHERE network = $1 AND number = $2',
    [network, number],
  );
  return rows[0] === undefined ? undefined : hexOf(rows[0].parent_hash);
}

/**
 * Drops all that is held of a network, as retractions, in steps of `blocksMax`, so that the sync starts over:
 * for a development chain that was really restarted. Returns the number of blocks dropped.
 */
export async function forgetNetwork(relational: Relational, network: string, blocksMax = 1000): Promise<number> {
  let dropped = 0;
  let cursor = await loadCursor(relational, network);
  for (let last = cursor.synced.at(-1); last !== undefined; last = cursor.synced.at(-1)) {
    const retract = { from: Math.max(last.from, last.to - blocksMax + 1), to: last.to };
    cursor = await commitStep(relational, network, cursor, { retract });
    dropped += retract.to - retract.from + 1;
  }
  await relational.query(
    'UPDATE chain.cursors SET genesis_hash = NULL, finalized_number = NULL WHERE network = $1',
    [network],
  );
  return dropped;
}

async function readCursor(rows: Rows, network: string, lock: '' | 'FOR UPDATE'): Promise<Cursor> {
  const [row] = await rows.query<{
    genesis_hash: Buffer | null;
    synced: string;
    finalized_number: string | null;
    seq: string;
  }>(
    `SELECT genesis_hash, synced::text AS synced, finalized_number, seq FROM chain.cursors WHERE network = $1 ${lock}`,
    [network],
  );
  if (row === undefined) throw new Error(`network ${network} has no cursor: loadCursor makes it`);
  return {
    genesisHash: row.genesis_hash === null ? null : hexOf(row.genesis_hash),
    synced: parseMultirange(row.synced),
    finalizedNumber: row.finalized_number === null ? null : integerOf(row.finalized_number),
    seq: integerOf(row.seq),
  };
}

async function retractBlocks(tx: Transaction, network: string, range: Interval): Promise<ChangedBlock[]> {
  const bounds = [network, range.from, range.to];
  await tx.query('DELETE FROM chain.logs WHERE network = $1 AND block_number BETWEEN $2 AND $3', bounds);
  await tx.query('DELETE FROM chain.txs WHERE network = $1 AND block_number BETWEEN $2 AND $3', bounds);
  const rows = await tx.query<{ number: string; hash: Buffer; tx_count: number; log_count: number; timestamp: string }>(
    `WITH gone AS (
       DELETE FROM chain.blocks WHERE network = $1 AND number BETWEEN $2 AND $3
       RETURNING number, hash, parent_hash, timestamp, tx_count, log_count
     ), kept AS (
       INSERT INTO chain.orphans (network, hash, number, parent_hash, timestamp, tx_count)
       SELECT $1, hash, number, parent_hash, timestamp, tx_count FROM gone
       ON CONFLICT (network, hash) DO UPDATE SET orphaned_at = now()
     )
     SELECT number, hash, tx_count, log_count, timestamp FROM gone ORDER BY number DESC`,
    bounds,
  );
  return rows.map((row) => ({
    number: integerOf(row.number),
    hash: hexOf(row.hash),
    txCount: row.tx_count,
    logCount: row.log_count,
    timestamp: integerOf(row.timestamp),
  }));
}

function changedBlockOf(block: Block): ChangedBlock {
  const { number, hash, timestamp } = block;
  return { number, hash, timestamp, txCount: block.txs.length, logCount: block.logs.length };
}

function assertContiguous(blocks: readonly Block[]): void {
  for (const [at, block] of blocks.entries()) {
    const previous = blocks[at - 1];
    if (previous === undefined) continue;
    if (block.number !== previous.number + 1 || block.parentHash !== previous.hash) {
      throw new Error(`block ${block.number} does not follow block ${previous.number}: a step must be one chain`);
    }
  }
}

function spanOf(blocks: readonly Block[]): Interval | undefined {
  const [first, last] = [blocks[0], blocks.at(-1)];
  return first === undefined || last === undefined ? undefined : { from: first.number, to: last.number };
}

function rangeText(range: Interval | undefined): string {
  return range === undefined ? 'empty' : `[${range.from},${range.to}]`;
}

/** The highest stored number that the next block must follow: the end of the interval that holds the head. */
export function tipOf(cursor: Cursor): number | undefined {
  return cursor.synced.at(-1)?.to;
}

/** Whether a number is held. */
export function holds(cursor: Cursor, number: number): boolean {
  return findIntervalOf(cursor.synced, number) !== undefined;
}
