import type { Transaction } from '../../stores/relational.ts';
import type { ChangedBlock } from './copy-rows.ts';
import type { Interval } from './intervals.ts';
import { hexOf, integerOf } from './rows.ts';

/** Takes the blocks of a range out of the chain, with their transactions and logs; their headers stay as orphans. Highest first. */
export async function retractBlocks(tx: Transaction, network: string, range: Interval): Promise<ChangedBlock[]> {
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
