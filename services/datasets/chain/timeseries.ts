import type { Timeseries } from '../../stores/timeseries.ts';
import type { BlockAppended, BlockRetracted, BlocksFinalized, ChainEvent } from './changes.ts';

const noHash = '';

/**
 * Applies events to the timeseries tables. Idempotent: the same events again, alone or in other batches, change nothing, since
 * of each key only the row with the highest `seq` counts. Rows of blocks go in last, so a block that is seen is whole.
 * `batch` names exactly these events: sent again under it, they are not even stored twice.
 */
export async function writeChainEvents(
  timeseries: Timeseries,
  events: readonly ChainEvent[],
  batch?: string,
): Promise<void> {
  const rows: Record<keyof typeof columns, Row[]> = {
    chain_logs: [],
    chain_txs: [],
    chain_finality: [],
    chain_blocks: [],
  };
  for (const event of events) {
    switch (event.kind) {
      case 'appended':
        rows.chain_blocks.push(blockRow(event));
        for (const tx of event.txs) rows.chain_txs.push(txRow(event, tx));
        for (const log of event.logs) rows.chain_logs.push(logRow(event, log));
        break;
      case 'retracted':
        rows.chain_blocks.push(retractedBlock(event));
        // Rows go by their age, so it has one: that of the block, which goes no sooner.
        rows.chain_finality.push(
          finalityRow(event, event.number, { observedAtMs: event.timestamp * 1000, deleted: 1 }),
        );
        for (let index = 0; index < event.txCount; index++) rows.chain_txs.push(retractedTx(event, index));
        for (let index = 0; index < event.logCount; index++) rows.chain_logs.push(retractedLog(event, index));
        break;
      case 'finalized':
        for (let number = event.fromNumber ?? Infinity; number <= event.number; number++)
          rows.chain_finality.push(finalityRow(event, number, { observedAtMs: event.observedAtMs, deleted: 0 }));
    }
  }
  for (const table of tables) {
    // The store keeps tokens by table already; this says so to those who look at them.
    const token = batch === undefined ? {} : { token: `${batch}/${table}` };
    if (rows[table].length > 0) await timeseries.insert(table, rows[table], { ...token, columns: columns[table] });
  }
}

/** In the order in which they are written. */
const tables = ['chain_logs', 'chain_txs', 'chain_finality', 'chain_blocks'] as const;

const place = ['network', 'number', 'timestamp', 'seq', 'deleted'];

/** What the functions below give, in their order. */
const columns = {
  chain_blocks: [...place, 'hash', 'gas_limit', 'gas_used', 'base_fee_per_gas', 'tx_count', 'log_count'],
  chain_txs: [
    ...[...place, 'tx_index', 'hash', 'type', 'sender', 'recipient', 'value', 'method', 'status', 'gas_used'],
    ...['effective_gas_price', 'l1_fee', 'contract_address'],
  ],
  chain_logs: [...place, 'log_index', 'tx_index', 'address', 'topic0', 'topic1', 'topic2', 'topic3', 'data'],
  chain_finality: ['network', 'number', 'observed_at_ms', 'seq', 'deleted'],
} as const satisfies Record<(typeof tables)[number], readonly string[]>;

type Row = readonly (string | number | null)[];

function blockRow(event: BlockAppended): Row {
  const { network, number, timestamp, seq, hash, gasLimit, gasUsed, baseFeePerGas, txs, logs } = event;
  return [network, number, timestamp, seq, 0, hash, gasLimit, gasUsed, baseFeePerGas, txs.length, logs.length];
}

function txRow({ network, number, timestamp, seq }: BlockAppended, tx: BlockAppended['txs'][number]): Row {
  const { index, hash, type, sender, recipient, value, method, status, gasUsed } = tx;
  const { effectiveGasPrice, l1Fee, contractAddress } = tx;
  return [
    network,
    number,
    timestamp,
    seq,
    0,
    index,
    hash,
    type,
    sender,
    recipient,
    value,
    method,
    status,
    gasUsed,
    effectiveGasPrice,
    l1Fee,
    contractAddress,
  ];
}

function logRow({ network, number, timestamp, seq }: BlockAppended, log: BlockAppended['logs'][number]): Row {
  const [topic0 = null, topic1 = null, topic2 = null, topic3 = null] = log.topics;
  const { index, txIndex, address, data } = log;
  return [network, number, timestamp, seq, 0, index, txIndex, address, topic0, topic1, topic2, topic3, data];
}

function retractedBlock({ network, number, hash, timestamp, seq }: BlockRetracted): Row {
  return [network, number, timestamp, seq, 1, hash, '0', '0', null, 0, 0];
}

function retractedTx({ network, number, timestamp, seq }: BlockRetracted, index: number): Row {
  const unknown = [null, null, null];
  return [network, number, timestamp, seq, 1, index, noHash, 0, noHash, null, '0', null, null, '0', ...unknown];
}

function retractedLog({ network, number, timestamp, seq }: BlockRetracted, index: number): Row {
  return [network, number, timestamp, seq, 1, index, 0, noHash, null, null, null, null, noHash];
}

function finalityRow(
  { network, seq }: BlockRetracted | BlocksFinalized,
  number: number,
  { observedAtMs, deleted }: { readonly observedAtMs: number; readonly deleted: 0 | 1 },
): Row {
  return [network, number, observedAtMs, seq, deleted];
}
