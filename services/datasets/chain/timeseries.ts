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
  const rows = {
    chain_logs: [] as object[],
    chain_txs: [] as object[],
    chain_finality: [] as object[],
    chain_blocks: [] as object[],
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
  for (const [table, some] of Object.entries(rows)) {
    // The store keeps tokens by table already; this says so to those who look at them.
    const options = batch === undefined ? {} : { token: `${batch}/${table}` };
    if (some.length > 0) await timeseries.insert(table, some, options);
  }
}

function blockRow(event: BlockAppended): object {
  return {
    network: event.network,
    number: event.number,
    hash: event.hash,
    timestamp: event.timestamp,
    gas_limit: event.gasLimit,
    gas_used: event.gasUsed,
    base_fee_per_gas: event.baseFeePerGas,
    tx_count: event.txs.length,
    log_count: event.logs.length,
    seq: event.seq,
    deleted: 0,
  };
}

function txRow({ network, number, timestamp, seq }: BlockAppended, tx: BlockAppended['txs'][number]): object {
  return {
    network,
    number,
    tx_index: tx.index,
    timestamp,
    hash: tx.hash,
    type: tx.type,
    sender: tx.sender,
    recipient: tx.recipient,
    value: tx.value,
    method: tx.method,
    status: tx.status,
    gas_used: tx.gasUsed,
    effective_gas_price: tx.effectiveGasPrice,
    l1_fee: tx.l1Fee,
    contract_address: tx.contractAddress,
    seq,
    deleted: 0,
  };
}

function logRow({ network, number, timestamp, seq }: BlockAppended, log: BlockAppended['logs'][number]): object {
  const [topic0 = null, topic1 = null, topic2 = null, topic3 = null] = log.topics;
  const { index, txIndex, address, data } = log;
  return {
    network,
    number,
    log_index: index,
    tx_index: txIndex,
    timestamp,
    address,
    topic0,
    topic1,
    topic2,
    topic3,
    data,
    seq,
    deleted: 0,
  };
}

function retractedBlock({ network, number, hash, timestamp, seq }: BlockRetracted): object {
  return {
    network,
    number,
    hash,
    timestamp,
    gas_limit: '0',
    gas_used: '0',
    base_fee_per_gas: null,
    tx_count: 0,
    log_count: 0,
    seq,
    deleted: 1,
  };
}

function retractedTx({ network, number, timestamp, seq }: BlockRetracted, index: number): object {
  return {
    network,
    number,
    tx_index: index,
    timestamp,
    hash: noHash,
    type: 0,
    sender: noHash,
    value: '0',
    gas_used: '0',
    seq,
    deleted: 1,
  };
}

function retractedLog({ network, number, timestamp, seq }: BlockRetracted, index: number): object {
  return { network, number, log_index: index, tx_index: 0, timestamp, address: noHash, data: noHash, seq, deleted: 1 };
}

function finalityRow(
  { network, seq }: BlockRetracted | BlocksFinalized,
  number: number,
  { observedAtMs, deleted }: { readonly observedAtMs: number; readonly deleted: 0 | 1 },
): object {
  return { network, number, observed_at_ms: observedAtMs, seq, deleted };
}
