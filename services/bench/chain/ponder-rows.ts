import type { ChainInput } from './input.ts';

/** The rows of rows.ts in what Ponder keeps of the chain (schema ponder_sync), one query a kind, in the column `row`. */
export function ponderRowQueries({ chainId, firstBlock, lastBlock }: ChainInput): string[] {
  const range = (table: string, column: string) =>
    `${table}.chain_id = ${chainId} AND ${table}.${column} BETWEEN ${firstBlock} AND ${lastBlock}`;
  return [
    // Receipts have no index by block, so they are summed up first and not looked up for each.
    `SELECT concat_ws(' ', 'block', b.number, b.hash, b.parent_hash, b.timestamp, coalesce(r.count, 0),
                      coalesce(r.gas_used, 0)) AS row
       FROM ponder_sync.blocks b
       LEFT JOIN (SELECT block_number, count(*), sum(gas_used) AS gas_used
                    FROM ponder_sync.transaction_receipts WHERE chain_id = ${chainId} GROUP BY block_number) r
              ON r.block_number = b.number
      WHERE ${range('b', 'number')}`,
    `SELECT concat_ws(' ', 'tx', t.block_number, t.transaction_index, t.hash, t."from", coalesce(t."to", '-'), t.value,
                      r.status::numeric, r.gas_used) AS row
       FROM ponder_sync.transactions t
       JOIN ponder_sync.transaction_receipts r ON r.chain_id = t.chain_id AND r.transaction_hash = t.hash
      WHERE ${range('t', 'block_number')}`,
    `SELECT concat_ws(' ', 'log', l.block_number, l.log_index, l.transaction_index, l.address,
                      concat_ws(',', l.topic0, l.topic1, l.topic2, l.topic3), l.data) AS row
       FROM ponder_sync.logs l
      WHERE ${range('l', 'block_number')}`,
  ];
}
