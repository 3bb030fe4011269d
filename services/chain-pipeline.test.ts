import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Network } from '../catalog/schema/network.ts';
import {
  mineWithTraffic,
  networkOf,
  type Pipeline,
  readNode,
  readRelational,
  readTimeseries,
  startPipeline,
} from './chain-pipeline-fixture.ts';
import { type ChainStores, openChainStores } from './datasets/chain/read-fixtures.ts';
import { type Anvil, startAnvil } from './testing/anvil.ts';
import { type Fault, type FaultyRpc, providerErrors, type Schedule, startFaultyRpc } from './testing/faulty-rpc.ts';
import { fillBlocks } from './testing/fill-blocks.ts';
import { seededRandom } from './testing/seeded-random.ts';

// From real nodes into real stores, through everything that can go wrong between them.

let stores: ChainStores;
let pipeline: Pipeline | undefined;
beforeAll(async () => {
  stores = await openChainStores();
});
afterEach(async () => {
  await pipeline?.stop();
  pipeline = undefined;
});
afterAll(() => stores[Symbol.asyncDispose]());

describe('a node that reorganises', () => {
  test('100 reorgs of depth 1 to 20 amid traffic: both stores hold what the node holds', async () => {
    await using anvil = await startAnvil({ noMining: true });
    await fillBlocks(anvil, { blocks: 40, txsPerBlock: 5 });
    pipeline = await startPipeline({ ...stores, networks: [networkOf('reorgs', [anvil.url])] });
    const random = seededRandom(7);
    const accounts = await anvil.rpc<string[]>('eth_accounts');
    for (let time = 0; time < 100; time++) {
      const depth = 1 + Math.floor(random() * 20);
      const txs = Array.from({ length: Math.floor(random() * 4) }, (_, at) => [
        { from: accounts[at], to: accounts[at + 1], value: `0x${(time + 1).toString(16)}`, gas: '0x5208' },
        Math.floor(random() * depth),
      ]);
      await anvil.rpc('anvil_reorg', [depth, txs]);
      if (random() < 0.5) await mineWithTraffic(anvil, accounts, random);
      await sleep(random() * 60);
    }
    await expectSameAsNode(pipeline, anvil, 'reorgs');
    // How many of them a poll sees one by one depends on the machine.
    expect(pipeline.reportOf('reorgs').reorgs).toBeGreaterThan(0);
  });

  test('a chain that is cut back is followed, and what was above is gone from both stores', async () => {
    await using anvil = await startAnvil({ noMining: true });
    await fillBlocks(anvil, { blocks: 30, txsPerBlock: 2 });
    pipeline = await startPipeline({ ...stores, networks: [networkOf('cut', [anvil.url])] });
    await caughtUp(pipeline);
    await anvil.rpc('anvil_rollback', [7]);
    await expectSameAsNode(pipeline, anvil, 'cut');
  });

  test('an OP-stack node too', async () => {
    await using anvil = await startAnvil({ noMining: true, optimism: true });
    await fillBlocks(anvil, { blocks: 20, txsPerBlock: 5 });
    pipeline = await startPipeline({ ...stores, networks: [networkOf('op', [anvil.url])] });
    await expectSameAsNode(pipeline, anvil, 'op');
  });
});

describe('endpoints that fail', () => {
  let anvil: Anvil;
  let other: Anvil;
  let sameId: Anvil;
  const proxies: FaultyRpc[] = [];
  beforeAll(async () => {
    [anvil, other, sameId] = await Promise.all([
      startAnvil({ noMining: true }),
      startAnvil({ noMining: true, chainId: 999 }),
      startAnvil({ noMining: true, timestampSeconds: 1_600_000_000 }),
    ]);
    await fillBlocks(anvil, { blocks: 120, txsPerBlock: 3 });
    await fillBlocks(other, { blocks: 140, txsPerBlock: 1, seed: 2 });
    await fillBlocks(sameId, { blocks: 140, txsPerBlock: 1, seed: 3 });
  });
  afterAll(async () => {
    for (const each of [...proxies, anvil, other, sameId]) await each.stop();
  });

  async function proxyOf(schedule: Schedule, seed = 1): Promise<FaultyRpc> {
    const proxy = await startFaultyRpc({ upstream: anvil.url, seed });
    proxies.push(proxy);
    proxy.set(schedule);
    return proxy;
  }

  test('beside a good one: the chain is whole, nothing wrong is stored, and health names the bad one and why', async () => {
    const expected = (await readNode(anvil)).relational;
    const all = bad(other, sameId, await genesisOf(anvil));
    for (let at = 0; at < all.length; at += 6) {
      const some = await Promise.all(
        all.slice(at, at + 6).map(async (each) => ({ ...each, proxy: await proxyOf(each.fault) })),
      );
      // The catalog prefers the bad one.
      const networks = some.map(({ name, proxy, network }) => networkOf(name, [proxy.url, anvil.url], network));
      const running = await startPipeline({
        relational: stores.relational,
        networks,
        tuning: { requestTimeoutMs: 1000 },
      });
      pipeline = running;
      const said = new Set<string>();
      const listening = setInterval(() => {
        for (const { name, proxy } of some) {
          const report = running.reportOf(name).endpoints.find(({ host }) => proxy.url.includes(host));
          said.add(`${name} ${report?.reason}`);
        }
      }, 5);
      await caughtUp(running, 20_000);
      for (const { name, reason } of some) {
        const told = (): string[] => [...said].filter((each) => each.startsWith(`${name} `));
        await expect.poll(told, { timeout: 90_000 }).toContainEqual(expect.stringMatching(reason));
        expect(await readRelational(stores.relational, name), name).toEqual(expected);
      }
      clearInterval(listening);
      await running.stop();
      pipeline = undefined;
    }
  });

  test.each(['good first', 'bad first'])('one of another chain, %s, with nothing stored yet', async (order) => {
    const id = `empty_${order.replace(' ', '_')}`;
    const urls = order === 'good first' ? [anvil.url, other.url] : [other.url, anvil.url];
    pipeline = await startPipeline({ relational: stores.relational, networks: [networkOf(id, urls)] });
    await caughtUp(pipeline);
    expect(await readRelational(stores.relational, id)).toEqual((await readNode(anvil)).relational);
    const refused = pipeline.reportOf(id).endpoints.filter(({ state }) => state === 'refused');
    expect(refused).toMatchObject([
      { host: new URL(other.url).host, reason: 'wrong_chain: it serves chain id 999, not 31337' },
    ]);
  });

  test('alone, a third of all requests failing in every way: the sync completes all the same', async () => {
    const faults = bad(other, sameId, await genesisOf(anvil)).filter(({ passing }) => passing);
    const share = 0.3 / faults.length;
    const proxy = await proxyOf({ random: faults.map(({ fault }) => ({ fault, share })) }, 3);
    pipeline = await startPipeline({
      relational: stores.relational,
      networks: [networkOf('thirty', [proxy.url])],
      tuning: { requestTimeoutMs: 300, batchSize: 10 },
    });
    await caughtUp(pipeline, 45_000);
    expect(await readRelational(stores.relational, 'thirty')).toEqual((await readNode(anvil)).relational);
    expect(pipeline.reportOf('thirty').errorRate).toBeGreaterThan(0.1);
    expect(pipeline.reportOf('thirty').endpoints[0]?.reason).not.toBeNull();
  });

  test.each(['another chain id', 'another genesis under the same id'])(
    'one that turns into %s midway is refused, and no row of it is stored',
    async (what) => {
      const into = what === 'another chain id' ? other : sameId;
      const proxy = await proxyOf({ kind: 'latency', ms: 20 });
      const id = `flip_${into.chainId}`;
      pipeline = await startPipeline({
        relational: stores.relational,
        networks: [networkOf(id, [proxy.url])],
        tuning: { batchSize: 5 },
      });
      await expect.poll(() => pipeline?.reportOf(id).blocksHeld, { timeout: 90_000, interval: 5 }).toBeGreaterThan(10);
      proxy.set({ kind: 'otherChain', upstream: into.url });
      await expect.poll(() => pipeline?.reportOf(id).endpoints[0]?.state, { timeout: 90_000 }).toBe('refused');
      expect(pipeline.reportOf(id)).toMatchObject({
        state: 'unreachable',
        reason: expect.stringMatching(/chain id|block 0|final block/),
      });
      const [held, right] = [await readRelational(stores.relational, id), (await readNode(anvil)).relational];
      expect(held.blocks.length).toBeGreaterThan(10);
      for (const block of held.blocks) expect(right.blocks).toContainEqual(block);
    },
  );

  test('a node that gives receipts never is asked less and less, and nothing half is stored', async () => {
    const proxy = await proxyOf({ kind: 'missingReceipts' });
    pipeline = await startPipeline({
      relational: stores.relational,
      networks: [networkOf('half_receipts', [proxy.url])],
    });
    const reason = () => pipeline?.reportOf('half_receipts').endpoints[0]?.reason;
    await expect.poll(reason).toMatch(/receipts/);
    await sleep(1500);
    const before = proxy.counts().requests;
    await sleep(1500);
    expect(proxy.counts().requests - before).toBeLessThan(60);
    expect(reason()).toMatch(/receipts/);
    expect((await readRelational(stores.relational, 'half_receipts')).blocks).toEqual([]);
  });

  test('stops without waiting for requests that hang', async () => {
    const requestTimeoutMs = 90_000;
    const proxy = await proxyOf({ kind: 'hang' });
    pipeline = await startPipeline({
      relational: stores.relational,
      networks: [networkOf('hangs', [proxy.url])],
      tuning: { requestTimeoutMs },
    });
    await expect.poll(() => proxy.counts().requests).toBeGreaterThan(0);
    const from = performance.now();
    await pipeline.stop();
    pipeline = undefined;
    // On the busiest machine sooner than they would be given up.
    expect(performance.now() - from).toBeLessThan(requestTimeoutMs);
  });

  test('a catalog that changes adds, moves and removes networks while they sync', async () => {
    const slow = await proxyOf({ kind: 'latency', ms: 30 });
    pipeline = await startPipeline({ relational: stores.relational, networks: [networkOf('moves', [slow.url])] });
    pipeline.change([networkOf('moves', [slow.url]), networkOf('added', [anvil.url])]);
    pipeline.change([networkOf('moves', [anvil.url], { priority: 9 }), networkOf('added', [anvil.url])]);
    await caughtUp(pipeline);
    pipeline.change([
      networkOf('moves', [anvil.url], { priority: 9 }),
      networkOf('added', [anvil.url], { status: 'retired', statusNote: 'test' }),
    ]);
    await expect.poll(() => pipeline?.reportOf('added').state).toBe('idle');
    const expected = (await readNode(anvil)).relational;
    for (const network of ['moves', 'added'])
      expect(await readRelational(stores.relational, network)).toEqual(expected);
  });
});

async function genesisOf(anvil: Anvil): Promise<string> {
  return (await anvil.rpc<{ hash: string }>('eth_getBlockByNumber', ['0x0', false])).hash;
}

interface Bad {
  readonly name: string;
  readonly fault: Fault;
  /** What health says of it. */
  readonly reason: RegExp;
  /** A node may do this now and then, and be right in between. */
  readonly passing: boolean;
  readonly network?: Partial<Network>;
}

function bad(other: Anvil, sameId: Anvil, genesisHash: string): Bad[] {
  const passing = (name: string, fault: Fault, reason: RegExp): Bad => ({ name, fault, reason, passing: true });
  const lasting = (name: string, fault: Fault, reason: RegExp, network: Partial<Network> = {}): Bad => ({
    name,
    fault,
    reason,
    passing: false,
    network,
  });
  // A busy machine may still make it slow.
  const harmless = /null|timeout/;
  return [
    passing('too_many', { kind: 'status', status: 429, retryAfterSeconds: 1 }, /rate_limited: HTTP 429/),
    passing('down', { kind: 'status', status: 500 }, /server_error: HTTP 500/),
    passing('bad_gateway', { kind: 'status', status: 502 }, /server_error: HTTP 502/),
    passing('html', { kind: 'html' }, /garbled: .*DOCTYPE/),
    passing('half_length', { kind: 'halfBody', framing: 'length' }, /unreachable/),
    passing('half_chunked', { kind: 'halfBody', framing: 'chunked' }, /unreachable/),
    passing('half_complete', { kind: 'halfBody', framing: 'complete' }, /garbled: .*only a part/),
    passing('reset', { kind: 'reset' }, /unreachable/),
    passing('hang', { kind: 'hang' }, /timeout/),
    passing('wrong_ids', { kind: 'wrongIds' }, /wrong_ids/),
    passing('missing_ids', { kind: 'missingIds' }, /wrong_ids/),
    passing('missing_answers', { kind: 'missingAnswers' }, /wrong_ids/),
    passing(
      'internal',
      { kind: 'rpcError', error: { code: -32603, message: 'Internal error' } },
      /rpc_error: Internal error/,
    ),
    passing('quota', { kind: 'rpcError', error: providerErrors.rate }, /rate_limited: daily request count/),
    passing('null_results', { kind: 'nullResult' }, /bad_answer|missing/),
    passing('no_receipts', { kind: 'missingReceipts' }, /receipts/),
    passing('skewed_receipts', { kind: 'skewedReceipts' }, /bad_answer/),
    passing(
      'other_receipts',
      { kind: 'otherChain', upstream: other.url, when: { methods: ['eth_getBlockReceipts'] } },
      /bad_answer/,
    ),
    passing(
      'response_size',
      { kind: 'responseLimit', bytes: 3_000, error: providerErrors.responseSizeGeth },
      /too_large/,
    ),
    passing('slow', { kind: 'latency', ms: 30 }, harmless),
    passing('reordered', { kind: 'reordered' }, harmless),
    lasting(
      'batch_size',
      { kind: 'rpcError', error: providerErrors.batchSizeGeth, when: { batchOver: 7 } },
      /too_large/,
    ),
    lasting('no_batches_error', { kind: 'noBatches', how: 'error' }, /no_batches/),
    lasting('no_batches_status', { kind: 'noBatches', how: 'status' }, /no_batches/),
    lasting('single_object', { kind: 'singleObject' }, /no_batches/),
    lasting('no_block_receipts', { kind: 'methodNotFound', methods: ['eth_getBlockReceipts'] }, harmless),
    lasting('behind', { kind: 'staleHead', blocks: 30 }, harmless),
    lasting(
      'other_chain',
      { kind: 'otherChain', upstream: other.url },
      /wrong_chain: it serves chain id 999, not 31337/,
    ),
    lasting('other_genesis', { kind: 'otherChain', upstream: sameId.url }, /wrong_chain: its block 0/, { genesisHash }),
  ];
}

async function caughtUp(running: Pipeline, timeoutMs = 90_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await running.isCaughtUp())) {
    if (performance.now() > deadline) {
      const behind = running.reports().filter(({ state }) => state !== 'synced' && state !== 'idle');
      throw new Error(`not caught up: ${JSON.stringify(behind)}`);
    }
    await sleep(10);
  }
}

async function expectSameAsNode(running: Pipeline, anvil: Anvil, network: string): Promise<void> {
  const expected = await readNode(anvil);
  const head = expected.relational.blocks.length - 1;
  await expect.poll(() => running.reportOf(network).synced, { timeout: 90_000 }).toBe(head);
  // The last reorg may have left the height as it was: a poll later its blocks are here too.
  await sleep(200);
  await caughtUp(running);
  expect(await readRelational(stores.relational, network)).toEqual(expected.relational);
  expect(await readTimeseries(stores.timeseries, network)).toEqual(expected.timeseries);
}
