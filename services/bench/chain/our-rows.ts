import type { ChainInput } from './input.ts';

/** The rows of rows.ts in our own tables (schema chain), one query a kind, in the column `row`. */
export function ourRowQueries({ firstBlock, lastBlock }: ChainInput): string[] {
  const range = (column: string) => `${column} BETWEEN ${firstBlock} AND ${lastBlock}`;
  const hex = (column: string) => `'0x' || encode(${column}, 'hex')`;
  return [
    `SELECT concat_ws(' ', 'block', b.number, ${hex('b.hash')}, ${hex('b.parent_hash')}, b.timestamp, b.tx_count,
                      coalesce(t.gas_used, 0)) AS row
       FROM chain.blocks b
       LEFT JOIN (SELECT block_number, sum(gas_used) AS gas_used FROM chain.txs GROUP BY block_number) t
              ON t.block_number = b.number
      WHERE ${range('b.number')}`,
    `SELECT concat_ws(' ', 'tx', block_number, tx_index, ${hex('hash')}, ${hex('sender')}, coalesce(${hex('recipient')}, '-'), value,
                      coalesce(status::text, '-'), gas_used) AS row
       FROM chain.txs WHERE ${range('block_number')}`,
    `SELECT concat_ws(' ', 'log', block_number, log_index, tx_index, ${hex('address')},
                      concat_ws(',', ${['topic0', 'topic1', 'topic2', 'topic3'].map(hex).join(', ')}), ${hex('data')}) AS row
       FROM chain.logs WHERE ${range('block_number')}`,
  ];
}
