import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Block } from './block.ts';
import { type ChainEvent, markRelayed, readBacklog, readPending } from './changes.ts';
import { parseChainEvent } from './parse-event.ts';
import { buildBlock, buildChain, type ChainStores, openChainStores, openChainWriter } from './read-fixtures.ts';

let stores: ChainStores;
let networks = 0;
beforeAll(async () => {
  stores = await openChainStores();
});
afterAll(() => stores[Symbol.asyncDispose]());

describe(readPending, () => {
  test('gives blocks with their transactions and logs in order, exactly as they were', async () => {
    const network = `changes_${networks++}`;
    const { commit } = await openChainWriter(stores, network);
    const most = (2n ** 256n - 1n).toString();
    const [block] = buildChain(undefined, 1, () => ({
      txs: [
        { value: most, to: null, logCount: 2 },
        { l1Fee: '0', method: '0xa9059cbb', logCount: 1 },
      ],
    }));
    await commit({ append: [block as Block] });
    const pending = await readPending(stores.relational, network, 10, 100);
    expect(pending).toMatchObject({ network, lastSeq: 1, rows: 6, left: 0 });
    expect(pending?.events).toEqual([appendedEventOf(network, 1, block as Block)]);
  });

  test('takes as many changes as ask for about so many rows, and always one', async () => {
    const network = `changes_${networks++}`;
    const { commit } = await openChainWriter(stores, network);
    await commit({ append: buildChain(undefined, 10, () => ({ txs: [{ logCount: 3 }, { logCount: 3 }] })) });
    // A block, two transactions and six logs each.
    expect(await readPending(stores.relational, network, 100, 30)).toMatchObject({ lastSeq: 3, rows: 27, left: 7 });
    expect(await readPending(stores.relational, network, 100, 1)).toMatchObject({ lastSeq: 1, left: 9 });
    expect(await readPending(stores.relational, network, 4, 1000)).toMatchObject({ lastSeq: 4, left: 6 });
  });

  test('leaves out blocks that were replaced before they were relayed, but tells their retraction', async () => {
    const network = `changes_${networks++}`;
    const { commit } = await openChainWriter(stores, network);
    const [genesis, a] = buildChain(undefined, 2) as [Block, Block];
    const b = buildBlock({ number: 1, parent: genesis, timestamp: 9, salt: 'b', txs: [{ logCount: 1 }] });
    await commit({ append: [genesis, a] });
    await commit({ retract: { from: 1, to: 1 }, append: [b] });
    const pending = await readPending(stores.relational, network, 10, 100);
    expect(pending?.events.map(summaryOf)).toEqual([
      { kind: 'appended', seq: 1, hash: genesis.hash },
      { kind: 'retracted', seq: 3, hash: a.hash },
      { kind: 'appended', seq: 4, hash: b.hash },
    ]);
    await commit({ retract: { from: 1, to: 1 }, append: [a] });
    // Block a is canonical again: its first appearance may be told as well, the later change wins.
    const again = await readPending(stores.relational, network, 10, 100);
    expect(again?.events.map(summaryOf)).toEqual([
      { kind: 'appended', seq: 1, hash: genesis.hash },
      { kind: 'appended', seq: 2, hash: a.hash },
      { kind: 'retracted', seq: 3, hash: a.hash },
      { kind: 'retracted', seq: 5, hash: b.hash },
      { kind: 'appended', seq: 6, hash: a.hash },
    ]);
  });

  test('tells which blocks were seen to become final, and when', async () => {
    const network = `changes_${networks++}`;
    const { commit } = await openChainWriter(stores, network);
    await commit({ append: buildChain(undefined, 9), finalizedNumber: 2 });
    await commit({ finalizedNumber: 5, finalitySeen: { fromNumber: 1, observedAtMs: 1_700_000_000_123 } });
    const pending = await readPending(stores.relational, network, 20, 100);
    expect(pending).toMatchObject({ lastSeq: 11, left: 0 });
    expect(pending?.events.slice(9)).toEqual([
      { kind: 'finalized', network, seq: 10, number: 2, fromNumber: null, observedAtMs: expect.any(Number) },
      { kind: 'finalized', network, seq: 11, number: 5, fromNumber: 3, observedAtMs: 1_700_000_000_123 },
    ]);
    for (const event of pending?.events ?? [])
      expect(parseChainEvent(JSON.parse(JSON.stringify(event)))).toEqual(event);
  });
});

describe(markRelayed, () => {
  test('leaves what comes after, and never goes back', async () => {
    const network = `changes_${networks++}`;
    const { commit } = await openChainWriter(stores, network);
    await commit({ append: buildChain(undefined, 5) });
    expect(await readBacklog(stores.relational)).toContainEqual({ network, changes: 5, relayedSeq: 0 });
    await markRelayed(stores.relational, network, 3);
    await markRelayed(stores.relational, network, 2);
    expect(await readBacklog(stores.relational)).toContainEqual({ network, changes: 2, relayedSeq: 3 });
    const pending = await readPending(stores.relational, network, 10, 100);
    expect(pending?.events.map(({ seq }) => seq)).toEqual([4, 5]);
    await markRelayed(stores.relational, network, 5);
    expect(await readPending(stores.relational, network, 10, 100)).toBeUndefined();
    expect((await readBacklog(stores.relational)).map((each) => each.network)).not.toContain(network);
  });
});

function summaryOf(event: ChainEvent): object {
  const { kind, seq } = event;
  return { kind, seq, hash: event.kind === 'finalized' ? undefined : event.hash };
}

function appendedEventOf(network: string, seq: number, block: Block): ChainEvent {
  const { number, hash, timestamp, gasLimit, gasUsed, baseFeePerGas, logs } = block;
  const txs = block.txs.map((tx) => {
    const { index, type, from, to, value, method, status, effectiveGasPrice, l1Fee, contractAddress } = tx;
    return {
      index,
      hash: tx.hash,
      type,
      sender: from,
      recipient: to,
      value,
      method,
      status,
      gasUsed: tx.gasUsed,
      effectiveGasPrice,
      l1Fee,
      contractAddress,
    };
  });
  return { kind: 'appended', network, seq, number, hash, timestamp, gasLimit, gasUsed, baseFeePerGas, txs, logs };
}
