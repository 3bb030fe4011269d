import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Block } from './block.ts';
import type { BlockAppended, ChainEvent } from './changes.ts';
import { buildChain, type ChainStores, openChainStores } from './read-fixtures.ts';
import { writeChainEvents } from './timeseries.ts';

let stores: ChainStores;
let networks = 0;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe(writeChainEvents, () => {
  test('answers for the canonical chain alone, in whatever batches and however often the events come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 12 }),
        fc.array(fc.record({ size: fc.integer({ min: 1, max: 9 }), back: fc.nat(6) })),
        async (changes, batches) => {
          const network = `timeseries_${networks++}`;
          const { events, canonical } = historyOf(network, changes);
          let at = 0;
          // At least once and in order, as the relay redelivers: a batch may go back to what was already sent.
          for (const { size, back } of batches) {
            const from = Math.max(0, at - back);
            await writeChainEvents(stores.timeseries, events.slice(from, from + size));
            at = Math.max(at, from + size);
          }
          await writeChainEvents(stores.timeseries, events.slice(Math.min(at, events.length)));
          expect(await finalRowsOf(network)).toEqual(rowsOf(canonical));
        },
      ),
      { numRuns: 30 },
    );
  });

  test('keeps 256-bit values exactly', async () => {
    const network = `timeseries_${networks++}`;
    const most = (2n ** 256n - 1n).toString();
    const event = eventOf(
      network,
      1,
      buildChain(undefined, 1, () => ({ txs: [{ value: most, effectiveGasPrice: most, l1Fee: null }] }))[0] as Block,
    );
    await writeChainEvents(stores.timeseries, [{ ...event, gasLimit: most, baseFeePerGas: null }]);
    const [row] = await stores.timeseries.query(
      `SELECT b.gas_limit, b.base_fee_per_gas, t.value, t.effective_gas_price, t.l1_fee
         FROM chain_blocks AS b FINAL JOIN chain_txs AS t FINAL ON t.network = b.network AND t.number = b.number WHERE b.network = {network:String}`,
      { network },
    );
    expect(row).toEqual({
      gas_limit: most,
      base_fee_per_gas: null,
      value: most,
      effective_gas_price: most,
      l1_fee: null,
    });
  });

  test('has nothing to do for no events', async () => {
    await writeChainEvents(stores.timeseries, []);
  });
});

/** Retracts so many blocks and appends so many others, with so many transactions and logs each. */
const change = fc.record({ retract: fc.nat(5), append: fc.nat(5), txs: fc.nat(3), logs: fc.nat(3) });

function historyOf(
  network: string,
  changes: readonly { retract: number; append: number; txs: number; logs: number }[],
) {
  const events: ChainEvent[] = [];
  let canonical: Block[] = [];
  for (const [salt, { retract, append, txs, logs }] of changes.entries()) {
    for (const block of canonical.slice(Math.max(0, canonical.length - retract)).reverse()) {
      const { number, hash, timestamp } = block;
      const counts = { txCount: block.txs.length, logCount: block.logs.length };
      events.push({ kind: 'retracted', network, seq: events.length + 1, number, hash, timestamp, ...counts });
    }
    canonical = canonical.slice(0, Math.max(0, canonical.length - retract));
    const parts = { salt, txs: Array.from({ length: txs }, () => ({ logCount: logs })) };
    const added = buildChain(canonical.at(-1), append, () => parts);
    for (const block of added) events.push(eventOf(network, events.length + 1, block));
    canonical = [...canonical, ...added];
  }
  return { events, canonical };
}

function eventOf(network: string, seq: number, block: Block): BlockAppended {
  const { number, hash, timestamp, gasLimit, gasUsed, baseFeePerGas, logs } = block;
  const txs = block.txs.map(({ from: sender, to: recipient, ...tx }) => ({ ...tx, sender, recipient }));
  return { kind: 'appended', network, seq, number, hash, timestamp, gasLimit, gasUsed, baseFeePerGas, txs, logs };
}

interface FinalRows {
  readonly blocks: readonly object[];
  readonly txs: readonly object[];
  readonly logs: readonly object[];
}

async function finalRowsOf(network: string): Promise<FinalRows> {
  const read = (sql: string): Promise<object[]> => stores.timeseries.query(sql, { network });
  return {
    blocks: await read(
      'SELECT number, hash, tx_count, log_count FROM chain_blocks FINAL WHERE network = {network:String} ORDER BY number',
    ),
    txs: await read(
      'SELECT number, tx_index, hash FROM chain_txs FINAL WHERE network = {network:String} ORDER BY number, tx_index',
    ),
    logs: await read(
      'SELECT number, log_index, tx_index, topic0 FROM chain_logs FINAL WHERE network = {network:String} ORDER BY number, log_index',
    ),
  };
}

function rowsOf(canonical: readonly Block[]): FinalRows {
  return {
    blocks: canonical.map(({ number, hash, txs, logs }) => ({
      number: `${number}`,
      hash,
      tx_count: txs.length,
      log_count: logs.length,
    })),
    txs: canonical.flatMap(({ number, txs }) =>
      txs.map(({ index, hash }) => ({ number: `${number}`, tx_index: index, hash })),
    ),
    logs: canonical.flatMap(({ number, logs }) =>
      logs.map(({ index, txIndex, topics }) => ({
        number: `${number}`,
        log_index: index,
        tx_index: txIndex,
        topic0: topics[0],
      })),
    ),
  };
}
