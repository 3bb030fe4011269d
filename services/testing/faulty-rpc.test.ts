import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Anvil, startAnvil } from './anvil.ts';
import { readExpectedChain } from './expected-chain.ts';
import { type FaultyRpc, providerErrors, type Schedule, startFaultyRpc } from './faulty-rpc.ts';
import { fillBlocks } from './fill-blocks.ts';
import { createJsonRpc } from './json-rpc.ts';

describe(startFaultyRpc.name, () => {
  let anvil: Anvil;
  let stranger: Anvil;

  beforeAll(async () => {
    anvil = await startAnvil({ chainId: 11 });
    stranger = await startAnvil({ chainId: 22 });
    await fillBlocks(anvil, { blocks: 12, txsPerBlock: 3 });
    await fillBlocks(stranger, { blocks: 12, txsPerBlock: 3, seed: 2 });
  });
  afterAll(() => Promise.all([anvil.stop(), stranger.stop()]));

  it('passes everything on while there is no fault', async () => {
    const rpc = await faulty();
    expect(await readExpectedChain(rpc.url, { from: 0 })).toEqual(await readExpectedChain(anvil.url, { from: 0 }));
    expect(rpc.counts().faults).toEqual({});
  });

  it('answers with HTTP errors, with or without Retry-After', async () => {
    const rpc = await faulty({ kind: 'status', status: 429, retryAfterSeconds: 7 });
    const limited = await post(rpc, one);
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7']);
    rpc.set({ kind: 'status', status: 503 });
    const down = await post(rpc, one);
    expect([down.status, down.headers.get('retry-after')]).toEqual([503, null]);
  });

  it('answers with a web page and status 200', async () => {
    const response = await post(await faulty({ kind: 'html' }), one);
    expect(response.status).toBe(200);
    expect(await response.text()).toMatch(/^<!DOCTYPE html>/);
  });

  it('breaks off in the middle of the answer', async () => {
    const rpc = await faulty();
    for (const framing of ['length', 'chunked'] as const) {
      rpc.set({ kind: 'halfBody', framing });
      await expect(post(rpc, batch).then((response) => response.text())).rejects.toThrow('terminated');
    }
    rpc.set({ kind: 'halfBody', framing: 'complete' });
    const text = await (await post(rpc, batch)).text();
    expect(text).toMatch(/^\[\{/);
    expect(() => JSON.parse(text)).toThrow();
  });

  it('resets the connection, or never answers', async () => {
    const rpc = await faulty({ kind: 'reset' });
    await expect(post(rpc, one)).rejects.toThrow('fetch failed');
    rpc.set({ kind: 'hang' });
    await expect(post(rpc, one, 100)).rejects.toThrow('timeout');
    rpc.set({ kind: 'none' });
    expect((await post(rpc, one)).status).toBe(200);
  });

  it('answers late', async () => {
    const rpc = await faulty({ kind: 'latency', ms: 80 });
    const from = performance.now();
    expect((await post(rpc, one)).status).toBe(200);
    expect(performance.now() - from).toBeGreaterThan(75);
  });

  it('mixes up or drops the ids and answers of a batch', async () => {
    const rpc = await faulty();
    const ids = async (schedule: Schedule) => {
      rpc.set(schedule);
      const answers = (await (await post(rpc, batch)).json()) as { id?: number } | { id?: number }[];
      return Array.isArray(answers) ? answers.map((answer) => answer.id) : answers.id;
    };
    expect(await ids({ kind: 'none' })).toEqual([1, 2, 3, 4]);
    expect(await ids({ kind: 'wrongIds' })).toEqual([900_000, 900_001, 900_002, 900_003]);
    expect(await ids({ kind: 'missingIds' })).toEqual([undefined, undefined, undefined, undefined]);
    const reordered = await ids({ kind: 'reordered' });
    expect(reordered).not.toEqual([1, 2, 3, 4]);
    expect(new Set(reordered as number[])).toEqual(new Set([1, 2, 3, 4]));
    expect(await ids({ kind: 'missingAnswers' })).toEqual([1, 3, 4]);
    expect(await ids({ kind: 'singleObject' })).toBe(1);
  });

  it('refuses batches, or only those that are too big', async () => {
    const rpc = await faulty({ kind: 'noBatches', how: 'error' });
    expect(await (await post(rpc, batch)).json()).toMatchObject({ error: { code: -32600 } });
    expect(await (await post(rpc, one)).json()).toMatchObject({ id: 1, result: expect.any(String) });
    rpc.set({ kind: 'noBatches', how: 'status' });
    expect((await post(rpc, batch)).status).toBe(400);

    rpc.set({ kind: 'rpcError', error: providerErrors.batchSize, when: { batchOver: 3 } });
    expect(await (await post(rpc, batch)).json()).toMatchObject({ error: { message: 'batch size too large' } });
    expect(await (await post(rpc, batch.slice(1))).json()).toHaveLength(3);
    expect(rpc.counts().largestBatch).toBe(4);
  });

  it('refuses log ranges that are too wide, and answers that are too big', async () => {
    const rpc = await faulty({ kind: 'rpcError', error: providerErrors.range, when: { rangeOver: 5 } });
    const logs = (fromBlock: string, toBlock: string) => call('eth_getLogs', [{ fromBlock, toBlock }]);
    expect(await (await post(rpc, logs('0x1', '0x6'))).json()).toMatchObject({ error: providerErrors.range });
    expect(await (await post(rpc, logs('0x1', '0x5'))).json()).toMatchObject({ result: expect.any(Array) });

    const whole = await (await post(rpc, batch)).text();
    rpc.set({ kind: 'responseLimit', bytes: whole.length - 100, error: providerErrors.responseSizeGeth });
    expect(await (await post(rpc, batch)).json()).toMatchObject([
      { id: 1, result: { number: '0x1' } },
      { id: 2, result: { number: '0x2' } },
      { id: 3, result: { number: '0x3' } },
      { id: 4, error: providerErrors.responseSizeGeth },
    ]);
  });

  it('does not know a method, or denies what exists', async () => {
    const rpc = await faulty({ kind: 'methodNotFound', methods: ['eth_getBlockReceipts'] });
    const node = createJsonRpc(rpc.url);
    await expect(node.rpc('eth_getBlockReceipts', ['0x3'])).rejects.toMatchObject({ code: -32601 });
    expect(await node.rpc('eth_getBlockByNumber', ['0x3', false])).not.toBeNull();
    rpc.set({ kind: 'nullResult', when: { methods: ['eth_getBlockByNumber'] } });
    expect(await node.rpc('eth_getBlockByNumber', ['0x3', false])).toBeNull();
    expect(await node.rpc('eth_chainId')).toBe('0xb');
  });

  it('leaves out receipts, or gives those of another block', async () => {
    const rpc = await faulty({ kind: 'missingReceipts' });
    const node = createJsonRpc(rpc.url);
    const block = await anvil.rpc<{ hash: string; transactions: string[] }>('eth_getBlockByNumber', ['0x5', false]);
    expect(await node.rpc('eth_getBlockReceipts', ['0x5'])).toHaveLength(2);
    expect(await node.rpc('eth_getTransactionReceipt', [block.transactions[0]])).toBeNull();

    rpc.set({ kind: 'skewedReceipts' });
    const parents = await anvil.rpc('eth_getBlockReceipts', ['0x4']);
    expect(await node.rpc('eth_getBlockReceipts', ['0x5'])).toEqual(parents);
    expect(await node.rpc('eth_getBlockReceipts', [block.hash])).toEqual(parents);
    const receipt = await node.rpc('eth_getTransactionReceipt', [block.transactions[0]]);
    expect(receipt).not.toMatchObject({ blockHash: block.hash });
  });

  it('is some blocks behind', async () => {
    const node = createJsonRpc((await faulty({ kind: 'staleHead', blocks: 4 })).url);
    expect(await anvil.rpc('eth_blockNumber')).toBe('0xd');
    expect(await node.rpc('eth_blockNumber')).toBe('0x9');
    expect(await node.rpc('eth_getBlockByNumber', ['latest', false])).toMatchObject({ number: '0x9' });
    expect(await node.rpc('eth_getBlockByNumber', ['finalized', false])).toMatchObject({ number: '0x0' });
    expect(await node.rpc('eth_getBlockByNumber', ['0x9', false])).toMatchObject({ number: '0x9' });
    expect(await node.rpc('eth_getBlockByNumber', ['0xa', false])).toBeNull();
    expect(await node.rpc('eth_getBlockReceipts', ['0xa'])).toBeNull();
    const logs = await node.rpc<{ blockNumber: string }[]>('eth_getLogs', [{ fromBlock: '0x8', toBlock: '0xd' }]);
    expect(logs.every((log) => Number(log.blockNumber) <= 9)).toBe(true);
  });

  it('serves the blocks of another chain under the right chain id', async () => {
    const methods = ['eth_getBlockByNumber', 'eth_getBlockReceipts'];
    const rpc = await faulty({ kind: 'otherChain', upstream: stranger.url, when: { methods } });
    const node = createJsonRpc(rpc.url);
    expect(await node.rpc('eth_chainId')).toBe('0xb');
    const block = await node.rpc('eth_getBlockByNumber', ['0x5', true]);
    expect(block).toEqual(await stranger.rpc('eth_getBlockByNumber', ['0x5', true]));
  });

  it('moves to another branch while it is read, which the expected chain does not accept', async () => {
    const rpc = await faulty();
    const right = { kind: 'none' } as const;
    const wrong = { kind: 'otherChain', upstream: stranger.url } as const;
    rpc.set({ sequence: [...Array(13).fill(right), wrong], repeat: true });
    await expect(readExpectedChain(rpc.url, { from: 0, to: 12 })).rejects.toThrow(/the chain changed at block \d+/);
  });

  it('takes faults in turn', async () => {
    const rpc = await faulty({ sequence: [{ kind: 'status', status: 500 }, { kind: 'none' }, { kind: 'html' }] });
    const kinds: string[] = [];
    for (let index = 0; index < 5; index++) {
      const response = await post(rpc, one);
      kinds.push(`${response.status} ${response.headers.get('content-type')?.split('/')[1]}`);
    }
    expect(kinds).toEqual(['500 undefined', '200 json', '200 html', '200 json', '200 json']);
    expect(rpc.counts().faults).toEqual({ status: 1, html: 1 });
  });

  it('takes faults by chance, the same in each run with the same seed', async () => {
    const run = async (seed: number) => {
      const rpc = await faulty({ random: [{ fault: { kind: 'status', status: 500 }, share: 0.3 }] }, seed);
      const failed: boolean[] = [];
      for (let index = 0; index < 60; index++) failed.push((await post(rpc, one)).status === 500);
      return failed;
    };
    const [first, again, other] = await Promise.all([run(1), run(1), run(2)]);
    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
    expect(first.filter(Boolean).length).toBeGreaterThan(8);
    expect(first.filter(Boolean).length).toBeLessThan(30);
  });

  it('counts what it was asked', async () => {
    const rpc = await faulty();
    await Promise.all([post(rpc, one), post(rpc, batch)]);
    expect(rpc.counts()).toMatchObject({ requests: 2, calls: 5, inFlight: 0, largestBatch: 4 });
    expect(rpc.counts().methods).toEqual({ eth_blockNumber: 1, eth_getBlockByNumber: 4 });
  });

  it('answers 502 when the node behind it is gone', async () => {
    const rpc = await faulty({ kind: 'none' }, 1, 'http://127.0.0.1:9');
    expect((await post(rpc, one)).status).toBe(502);
  });

  async function faulty(schedule: Schedule = { kind: 'none' }, seed = 1, upstream = anvil.url): Promise<FaultyRpc> {
    const rpc = await startFaultyRpc({ upstream, seed });
    onTestFinished(() => rpc.stop());
    rpc.set(schedule);
    return rpc;
  }
});

const one = call('eth_blockNumber', []);
const batch = [1, 2, 3, 4].map((number) => call('eth_getBlockByNumber', [`0x${number}`, true], number));

function call(method: string, params: readonly unknown[], id = 1): object {
  return { jsonrpc: '2.0', id, method, params };
}

function post(rpc: FaultyRpc, body: unknown, timeoutMs = 60_000): Promise<Response> {
  return fetch(rpc.url, { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(timeoutMs) });
}
