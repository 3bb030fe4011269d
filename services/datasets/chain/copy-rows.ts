import type { Block, BlockRef, Decimal, Extra, Hex } from './block.ts';

/** The columns of each table in the order in which the functions below write them. */
export const copyTargets = {
  blocks:
    'chain.blocks (network, number, hash, parent_hash, timestamp, miner, gas_limit, gas_used, base_fee_per_gas, blob_gas_used, excess_blob_gas, l1_block_number, size_bytes, tx_count, log_count, extra)',
  txs: 'chain.txs (network, block_number, tx_index, hash, type, sender, recipient, value, nonce, method, input_bytes, gas_limit, gas_price, max_fee_per_gas, max_priority_fee_per_gas, max_fee_per_blob_gas, status, gas_used, effective_gas_price, contract_address, log_count, blob_gas_used, blob_gas_price, l1_fee, l1_gas_used, l1_gas_price, l1_block_number, gas_used_for_l1, extra)',
  logs: 'chain.logs (network, block_number, log_index, tx_index, address, topic0, topic1, topic2, topic3, data)',
  changes:
    'chain.changes (network, seq, retract, number, hash, tx_count, log_count, timestamp, final_from, final_at_ms)',
} as const;

// PostgreSQL's COPY text format: tab between columns, newline after a row, \N for null, and a backslash is escaped.
// These run once a transaction, on the hot path: plain concatenation is several times faster than a generic row writer.

function bytes(hex: Hex | null | undefined): string {
  return hex === null || hex === undefined ? '\\N' : `\\\\x${hex.slice(2)}`;
}

function plain(value: Decimal | number | null): string {
  return value === null ? '\\N' : `${value}`;
}

// What jsonb refuses, though JSON allows it: NUL, and halves of surrogate pairs. JSON.stringify escapes both.
const unstorable = /\\u(0000|d[89a-f])/i;

function json(extra: Extra | null): string {
  if (extra === null) return '\\N';
  const text = JSON.stringify(extra);
  return (unstorable.test(text) ? JSON.stringify(storable(extra)) : text).replaceAll('\\', '\\\\');
}

function storable(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '').toWellFormed();
  if (Array.isArray(value)) return value.map(storable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [storable(key), storable(each)]));
}

export function blockRow(network: string, b: Block): string {
  return `${network}\t${b.number}\t${bytes(b.hash)}\t${bytes(b.parentHash)}\t${b.timestamp}\t${bytes(b.miner)}\t${b.gasLimit}\t${b.gasUsed}\t${plain(b.baseFeePerGas)}\t${plain(b.blobGasUsed)}\t${plain(b.excessBlobGas)}\t${plain(b.l1BlockNumber)}\t${plain(b.sizeBytes)}\t${b.txs.length}\t${b.logs.length}\t${json(b.extra)}\n`;
}

export function txRows(network: string, b: Block): string {
  let text = '';
  for (const t of b.txs) {
    text += `${network}\t${b.number}\t${t.index}\t${bytes(t.hash)}\t${t.type}\t${bytes(t.from)}\t${bytes(t.to)}\t${t.value}\t${t.nonce}\t${bytes(t.method)}\t${t.inputBytes}\t${t.gasLimit}\t${plain(t.gasPrice)}\t${plain(t.maxFeePerGas)}\t${plain(t.maxPriorityFeePerGas)}\t${plain(t.maxFeePerBlobGas)}\t${plain(t.status)}\t${t.gasUsed}\t${plain(t.effectiveGasPrice)}\t${bytes(t.contractAddress)}\t${t.logCount}\t${plain(t.blobGasUsed)}\t${plain(t.blobGasPrice)}\t${plain(t.l1Fee)}\t${plain(t.l1GasUsed)}\t${plain(t.l1GasPrice)}\t${plain(t.l1BlockNumber)}\t${plain(t.gasUsedForL1)}\t${json(t.extra)}\n`;
  }
  return text;
}

export function logRows(network: string, b: Block): string {
  let text = '';
  for (const l of b.logs) {
    const [t0, t1, t2, t3] = l.topics;
    text += `${network}\t${b.number}\t${l.index}\t${l.txIndex}\t${bytes(l.address)}\t${bytes(t0)}\t${bytes(t1)}\t${bytes(t2)}\t${bytes(t3)}\t${bytes(l.data)}\n`;
  }
  return text;
}

/** What the outbox says of one block: enough to publish it, or to retract it after its rows are gone. */
export interface ChangedBlock extends BlockRef {
  readonly txCount: number;
  readonly logCount: number;
  readonly timestamp: number;
}

export function changeRow(network: string, seq: number, retract: boolean, b: ChangedBlock): string {
  return `${network}\t${seq}\t${retract ? 't' : 'f'}\t${b.number}\t${bytes(b.hash)}\t${b.txCount}\t${b.logCount}\t${b.timestamp}\t\\N\t\\N\n`;
}

/** That the blocks `from`..`number` were seen to become final; `from` is null where it is not known since when they are. */
export function finalityRow(
  network: string,
  seq: number,
  {
    number,
    from,
    observedAtMs,
  }: { readonly number: number; readonly from: number | null; readonly observedAtMs: number },
): string {
  return `${network}\t${seq}\tf\t${number}\t\t0\t0\t0\t${plain(from)}\t${observedAtMs}\n`;
}
