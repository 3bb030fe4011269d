import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import * as fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadCatalog } from '../../catalog/load.ts';
import type { Network } from '../../catalog/schema/network.ts';
import { sharedAnswers } from '../contracts/chain-answers.ts';
import type { Block } from '../datasets/chain/block.ts';
import { readPending } from '../datasets/chain/changes.ts';
import {
  buildBlock,
  buildChain,
  type ChainStores,
  openChainStores,
  openChainWriter,
  relayChain,
  type TxParts,
} from '../datasets/chain/read-fixtures.ts';
import { type SyncReport, writeStatus } from '../datasets/chain/status.ts';
import { RetryableError } from '../runtime/errors.ts';
import type { HttpApp } from '../runtime/http.ts';
import { Problem } from '../runtime/http-problem.ts';
import type { CatalogInForce } from '../runtime/live-catalog.ts';
import { createEmbeddedCache } from '../stores/embedded/cache.ts';
import { analyticsDeps, reportOf } from './analytics/analytics-fixtures.ts';
import { createAnalyticsApp } from './app.ts';
import { encodeCursor } from './cursor.ts';
import type { AnalyticsDeps, LiveParts } from './deps.ts';
import { createChainReads } from './live/chain-reads.ts';
import { openLiveChain } from './live/live-chain.ts';
import { createHandBus, noCandles } from './live/live-fixtures.ts';

const maximum = (2n ** 256n - 1n).toString();
const immutable = 'public, max-age=31536000, immutable';
const catalog = loadCatalog(new URL('../../catalog', import.meta.url).pathname);
const testNetworks = [
  'test_a',
  'test_b',
  'test_c',
  'test_d',
  'test_e',
  'test_f',
  'test_g',
  'test_h',
  'test_i',
  'test_j',
  'test_k',
] as const;
/** In the catalog, unlike the laptop's own network. */
const listed: Network[] = testNetworks.map((id, at) => ({ ...templateOf('optimism'), id, chainId: 9_000_000 + at }));
const laptop: Network = { ...templateOf('optimism'), id: 'local_l1', chainId: 7_700_001 };
const networks = [...catalog.networks, ...listed];
const inForce: CatalogInForce = {
  catalog: { ...catalog, networks },
  networks: [...networks, laptop].sort((a, b) => (a.id < b.id ? -1 : 1)),
  digest: 'sha256:test',
  since: new Date('2026-01-31T10:00:00Z'),
};

let stores: ChainStores;
const apps: HttpApp[] = [];
beforeAll(async () => {
  stores = await openChainStores();
});
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await stores.relational.query('DELETE FROM chain.status');
});
afterAll(async () => {
  await stores?.[Symbol.asyncDispose]();
});

describe('GET /api/v1/l2/networks', () => {
  it('lists every network of the catalog and of the environment, with what is known of its sync', async () => {
    const app = await openApp();
    await report({ network: 'optimism', state: 'syncing', head: 120, synced: 100, finalized: 90 });
    const answer = (await app.inject('/api/v1/l2/networks')).json();
    expect(answer.total).toBe(inForce.networks.length);
    expect(answer.networks.map(({ id }: Network) => id)).toEqual(inForce.networks.map(({ id }) => id));
    expect(answer.digest).toBe('sha256:test');
    expect(networkOf(answer, 'optimism').sync).toMatchObject({
      state: 'syncing',
      lagBlocks: 20,
      finalized: 90,
      stale: false,
    });
    expect(networkOf(answer, 'loopring')).toMatchObject({
      status: 'retired',
      chainId: null,
      sync: { state: 'idle', head: null },
    });
    expect(networkOf(answer, 'loopring').sync.reason).toContain('retired: ');
    expect(networkOf(answer, 'base').sync).toMatchObject({ state: 'unknown', lagBlocks: null });
  });

  it('filters by status, kind, phase, priority and state, all together', async () => {
    const app = await openApp();
    await report({ network: 'optimism', state: 'synced' });
    const ids = async (query: string) =>
      ((await app.inject(`/api/v1/l2/networks?${query}`)).json().networks as Network[]).map(({ id }) => id);
    const expected = (fits: (network: Network) => boolean) => inForce.networks.filter(fits).map(({ id }) => id);
    expect(await ids('status=retired')).toEqual(expected(({ status }) => status === 'retired'));
    expect(await ids('kind=solana&phase=1')).toEqual(expected(({ kind, phase }) => kind === 'solana' && phase === 1));
    expect(await ids('minPriority=9')).toEqual(expected(({ priority }) => priority >= 9));
    expect(await ids('state=synced')).toEqual(['optimism']);
  });

  it('marks a report as stale that was not renewed', async () => {
    const app = await openApp();
    await report({ network: 'optimism', state: 'synced' });
    await stores.relational.query(`UPDATE chain.status SET updated_at = now() - interval '16 seconds'`);
    expect((await app.inject('/api/v1/l2/networks/optimism')).json().sync).toMatchObject({
      state: 'synced',
      stale: true,
    });
  });

  it('has the other names of a network as entries, and answers to them with the network itself', async () => {
    const app = await openApp();
    const { networks: entries } = (await app.inject('/api/v1/l2/networks')).json();
    expect(networkOf({ networks: entries }, 'consensys_zkevm')).toMatchObject({ aliasOf: 'linea', status: 'retired' });
    const [own, alias] = await Promise.all(
      ['linea', 'consensys_zkevm'].map((id) => app.inject(`/api/v1/l2/networks/${id}`)),
    );
    expect(alias?.json()).toEqual(own?.json());
    expect(own?.headers.link).toBeUndefined();
    expect(alias?.headers.link).toBe('</api/v1/l2/networks/linea>; rel="canonical"');
    for (const path of ['stats?window=1h', 'blocks', 'txs']) {
      const answer = await app.inject(`/api/v1/l2/networks/consensys_zkevm/${path}`);
      expect([answer.json().network, answer.headers.link]).toEqual([
        'linea',
        `</api/v1/l2/networks/linea/${path}>; rel="canonical"`,
      ]);
    }
  });

  it('names the networks close to an unknown one', async () => {
    const app = await openApp();
    for (const path of ['', '/stats', '/blocks', '/txs', '/blocks/1', `/txs/0x${'0'.repeat(64)}`]) {
      const answer = await app.inject(`/api/v1/l2/networks/optimsm${path}`);
      expect(answer.statusCode).toBe(404);
      expect(answer.json()).toMatchObject({ type: 'urn:defimon:problem:unknown-network', near: ['optimism'] });
    }
    expect((await app.inject('/api/v1/l2/networks/arbitrum')).json().near).toEqual(['arbitrum_nova', 'arbitrum_one']);
  });
});

describe('GET /api/v1/l2/networks/{network}/blocks and /txs', () => {
  it('walks all pages of a chain: each row once, in order, also while blocks arrive and are replaced above', async () => {
    const app = await openApp();
    const writer = await openChainWriter(stores, 'test_a');
    const chain = buildChain(undefined, 60, (number) => ({
      txs: Array.from({ length: (number * 5) % 4 }, () => ({})),
    }));
    await writer.commit({ append: chain });
    let above: Block[] = [];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('blocks', 'txs'),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 0, max: 59 }),
        async (kind, limit, fromBlock) => {
          const seen: string[] = [];
          let before: string | null = '';
          for (let page = 0; before !== null; page++) {
            const cursor: string = before === '' ? '' : `&before=${before}`;
            const url: string = `/api/v1/l2/networks/test_a/${kind}?limit=${limit}&fromBlock=${fromBlock}&toBlock=59${cursor}`;
            const answer: PageAnswer = (await app.inject(url)).json();
            expect(answer[kind].length).toBeLessThanOrEqual(limit);
            seen.push(...answer[kind].map(({ hash }) => hash));
            before = answer.next;
            // The chain above goes on, and forks, while we read.
            const [first, last] = [above[0], above.at(-1)];
            const retract =
              first === undefined || last === undefined || page % 3 > 0
                ? undefined
                : { from: first.number, to: last.number };
            const added = buildChain(retract === undefined ? (last ?? chain.at(-1)) : chain.at(-1), 2, () => ({
              salt: Math.random(),
              txs: [{}],
            }));
            await writer.commit({ retract, append: added });
            above = retract === undefined ? [...above, ...added] : added;
          }
          const held = chain.filter(({ number }) => number >= fromBlock).reverse();
          const expected =
            kind === 'blocks'
              ? held.map(({ hash }) => hash)
              : held.flatMap(({ txs }) => txs.map(({ hash }) => hash).reverse());
          expect(seen).toEqual(expected);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('gives 256-bit quantities as they are, null where there is none, and the state they are of', async () => {
    const app = await openApp();
    const writer = await openChainWriter(stores, 'test_b');
    const tx: TxParts = {
      value: maximum,
      gasUsed: maximum,
      effectiveGasPrice: maximum,
      nonce: maximum,
      extra: { sourceHash: '0x1' },
    };
    const chain = buildChain(undefined, 3, () => ({
      gasUsed: maximum,
      baseFeePerGas: null,
      txs: [tx, { to: null, status: null, effectiveGasPrice: null }],
    }));
    await writer.commit({ append: chain, finalizedNumber: 1 });
    await report({ network: 'test_b', state: 'synced', head: 5, synced: 2 });
    const [newest, middle] = chain.toReversed();
    const answer = (await app.inject('/api/v1/l2/networks/test_b/txs?limit=3')).json();
    expect(answer).toMatchObject({
      network: 'test_b',
      asOf: { number: 2, hash: newest?.hash, timestamp: newest?.timestamp },
      lag: { blocks: 3, seconds: expect.any(Number) },
      finality: { number: 1 },
      sync: { state: 'synced', reason: null, stale: false },
    });
    expect(answer.txs).toMatchObject([
      {
        blockNumber: 2,
        index: 1,
        final: false,
        to: null,
        status: null,
        effectiveGasPrice: null,
        executionFee: null,
        l1Fee: null,
      },
      {
        blockNumber: 2,
        index: 0,
        final: false,
        value: maximum,
        gasUsed: maximum,
        executionFee: (BigInt(maximum) ** 2n).toString(),
      },
      { blockNumber: 1, index: 1, final: true, blockHash: middle?.hash },
    ]);
    const blocks = (await app.inject('/api/v1/l2/networks/test_b/blocks')).json().blocks;
    expect(blocks[0]).toMatchObject({
      number: 2,
      gasUsed: maximum,
      baseFeePerGas: null,
      transactions: 2,
      final: false,
    });
    const hash = newest?.txs[0]?.hash;
    const one = (
      await app.inject(`/api/v1/l2/networks/test_b/txs/${hash?.replace(/[a-f]/g, (digit) => digit.toUpperCase())}`)
    ).json();
    expect(one.tx).toMatchObject({ hash, index: 0, extra: { sourceHash: '0x1' } });
    expect((await app.inject('/api/v1/l2/networks/test_b/blocks/1')).json().block).toMatchObject({
      hash: middle?.hash,
      extra: null,
    });
  });

  it('says what is held when one block or transaction is not', async () => {
    const app = await openApp();
    const writer = await openChainWriter(stores, 'test_c');
    await writer.commit({ append: [buildBlock({ number: 7, timestamp: 1 })] });
    for (const path of ['blocks/8', `txs/0x${'1'.repeat(64)}`]) {
      const answer = await app.inject(`/api/v1/l2/networks/test_c/${path}`);
      expect(answer.json()).toMatchObject({ status: 404, type: 'urn:defimon:problem:not-held' });
      expect(answer.json().detail).toContain('Blocks held: 7–7');
    }
  });

  it('is empty for a network that is not synced, and says why', async () => {
    const app = await openApp();
    for (const path of ['blocks', 'txs', 'stats']) {
      const answer = (await app.inject(`/api/v1/l2/networks/loopring/${path}`)).json();
      expect(answer).toMatchObject({ asOf: null, lag: { blocks: null, seconds: null }, finality: { number: null } });
      expect(answer.sync.reason).toContain('retired');
      expect(answer.blocks ?? answer.txs ?? []).toEqual([]);
    }
  });

  it('lets only those pages be kept for ever whose blocks are fixed by the request, all held, and final', async () => {
    const app = await openApp();
    const writer = await openChainWriter(stores, 'test_d');
    const chain = buildChain(undefined, 100, () => ({ txs: [{}] }));
    await writer.commit({ append: chain.slice(90), finalizedNumber: 95 });
    await writer.commit({ append: chain.slice(20, 80) });
    const control = async (query: string) => {
      const answers = await Promise.all(
        ['blocks', 'txs'].map((kind) => app.inject(`/api/v1/l2/networks/test_d/${kind}?${query}`)),
      );
      const [first, second] = answers.map(({ headers }) => headers['cache-control']);
      expect(first).toBe(second);
      return first;
    };
    expect(await control('fromBlock=90&toBlock=95')).toBe(immutable);
    expect(await control('toBlock=95&limit=5')).toBe(immutable);
    // One final block is not held yet: it would be missing for ever.
    expect(await control('fromBlock=79&toBlock=95')).toBe('no-cache');
    expect(await control('toBlock=95&limit=8')).toBe('no-cache');
    expect(await control('fromBlock=90&toBlock=96')).toBe('no-cache');
    expect(await control('fromBlock=90')).toBe('no-cache');
    expect(await control('limit=5')).toBe('no-cache');
    // The end of what is held is not the end of the chain.
    expect(await control('toBlock=30')).toBe('no-cache');
    expect((await app.inject('/api/v1/l2/networks/test_d/blocks/95')).headers['cache-control']).toBe(immutable);
    expect((await app.inject('/api/v1/l2/networks/test_d/blocks/96')).headers['cache-control']).toBe('no-cache');
  });

  it("lets a laptop's chain be kept only by cursor, which is of that one chain", async () => {
    const app = await openApp();
    const writer = await openChainWriter(stores, 'local_l1');
    const chain = buildChain(undefined, 20);
    await writer.pinGenesis(chain[0]?.hash ?? '0x');
    await writer.commit({ append: chain, finalizedNumber: 15 });
    const blocks = '/api/v1/l2/networks/local_l1/blocks';
    expect((await app.inject(`${blocks}?toBlock=15`)).headers['cache-control']).toBe('no-cache');
    const { next } = (await app.inject(`${blocks}?toBlock=15&limit=5`)).json();
    const page = await app.inject(`${blocks}?before=${next}`);
    expect(page.headers['cache-control']).toBe(immutable);
    expect(page.json().blocks[0].number).toBe(10);
    const foreign = encodeCursor({ kind: 'blocks', chain: '0123456789abcdef', block: 11, index: 0 });
    const refused = await app.inject(`${blocks}?before=${foreign}`);
    expect(refused.json()).toMatchObject({
      status: 400,
      errors: [{ parameter: 'before', detail: expect.stringContaining('another chain') }],
    });
  });

  it('answers 304 until a row changes, is replaced or becomes final', async () => {
    const app = await openApp();
    const writer = await openChainWriter(stores, 'test_e');
    const chain = buildChain(undefined, 10, () => ({ txs: [{}] }));
    await writer.commit({ append: chain });
    const paths = ['blocks?toBlock=8', 'txs?toBlock=8', 'blocks/8', `txs/${chain[8]?.txs[0]?.hash}`].map(
      (path) => `/api/v1/l2/networks/test_e/${path}`,
    );
    const etags = async () => Promise.all(paths.map(async (url) => String((await app.inject(url)).headers.etag)));
    const statuses = async (known: string[]) =>
      Promise.all(
        paths.map(
          async (url, at) => (await app.inject({ url, headers: { 'if-none-match': known[at] ?? '' } })).statusCode,
        ),
      );
    const first = await etags();
    await writer.commit({ append: buildChain(chain.at(-1), 3) });
    expect(await statuses(first)).toEqual([304, 304, 304, 304]);
    await writer.commit({ finalizedNumber: 8 });
    expect(await statuses(first)).toEqual([200, 200, 200, 200]);
    const second = await etags();
    expect(await statuses(second)).toEqual([304, 304, 304, 304]);
    await writer.commit({
      retract: { from: 8, to: 12 },
      append: [buildBlock({ number: 8, parent: chain[7], timestamp: 1, salt: 'other', txs: [{}] })],
    });
    expect(await statuses(second)).toEqual([200, 200, 200, 404]);
  });

  it('refuses what is no cursor, no range, no limit', async () => {
    const app = await openApp();
    const errors = async (query: string) => {
      const answer = await app.inject(`/api/v1/l2/networks/optimism/blocks?${query}`);
      expect(answer.statusCode).toBe(400);
      return answer.json().errors.map(({ parameter }: { parameter: string }) => parameter);
    };
    expect(await errors('before=abc')).toEqual(['before']);
    expect(await errors(`before=${encodeCursor({ kind: 'txs', chain: '', block: 1, index: 1 })}`)).toEqual(['before']);
    expect(await errors('fromBlock=2&toBlock=1')).toEqual(['fromBlock']);
    expect(await errors('limit=0')).toEqual(['limit']);
    expect(await errors('limit=1001&fromBlock=-1&address=0x')).toEqual(['address', 'limit', 'fromBlock']);
  });
});

describe('GET /api/v1/l2/networks/{network}/stats', () => {
  it('gives the figures of the window, and of which chain they are', async () => {
    const app = await openApp();
    const writer = await openChainWriter(stores, 'test_f');
    const chain = buildChain(undefined, 10, (number) => ({
      timestamp: 1_700_000_000 + number * 900,
      txs: [{ l1Fee: maximum }, { status: 0 }],
    }));
    await writer.commit({ append: chain, finalizedNumber: 6 });
    await relayChain(stores, 'test_f');
    const stats = async (query: string) => app.inject(`/api/v1/l2/networks/test_f/stats?${query}`);
    const hour = (await stats('window=1h')).json();
    expect(hour).toMatchObject({
      asOf: { number: 9, hash: chain[9]?.hash },
      window: { name: '1h', seconds: 3600 },
      coverage: { fromBlock: 6, toBlock: 9, complete: true },
      stats: {
        blocks: 4,
        transactions: 8,
        failedTransactions: 4,
        blockTimeSeconds: 900,
        l1DataFees: { transactions: 4, total: (4n * BigInt(maximum)).toString(), mean: maximum },
      },
    });
    expect(hour.stats.tps).toBeCloseTo(2 / 900, 12);
    expect((await stats('')).json()).toMatchObject({ window: { name: '24h' }, stats: { blocks: 10 } });
    expect((await stats('window=all')).json()).toMatchObject({
      window: { name: 'all', seconds: null },
      stats: { blocks: 10 },
    });
    const final = await stats('fromBlock=2&toBlock=6');
    expect(final.headers['cache-control']).toBe(immutable);
    expect(final.json()).toMatchObject({
      window: { name: 'range' },
      coverage: { fromBlock: 2, toBlock: 6 },
      stats: { blocks: 5 },
    });
    expect((await stats('fromBlock=2&toBlock=7')).headers['cache-control']).toBe('no-cache');
    expect((await stats('fromBlock=50')).json()).toMatchObject({ coverage: null, stats: null });
    expect((await stats('window=1h&fromBlock=2')).json().errors).toEqual([
      { parameter: 'window', detail: expect.any(String) },
    ]);
  });

  it('follows a reorg as soon as the store has it, and answers 304 until then', async () => {
    const app = await openApp();
    const writer = await openChainWriter(stores, 'test_g');
    const chain = buildChain(undefined, 10, () => ({ txs: [{}] }));
    await writer.commit({ append: chain });
    await relayChain(stores, 'test_g');
    const url = '/api/v1/l2/networks/test_g/stats?window=all';
    const etag = String((await app.inject(url)).headers.etag);
    const again = async () => app.inject({ url, headers: { 'if-none-match': etag } });
    expect((await again()).statusCode).toBe(304);
    const other = buildBlock({ number: 9, parent: chain[8], timestamp: 1_700_000_009, salt: 'other', txs: [{}, {}] });
    await writer.commit({ retract: { from: 9, to: 9 }, append: [other] });
    expect((await again()).statusCode).toBe(304);
    await relayChain(stores, 'test_g');
    expect((await again()).json()).toMatchObject({
      asOf: { hash: other.hash },
      coverage: { toHash: other.hash },
      stats: { transactions: 11 },
    });
  });

  it('reads a window once while no block comes, and again as soon as one does', async () => {
    const { ask, reads, wait } = await openCounting('test_h');
    const writer = await openChainWriter(stores, 'test_h');
    const chain = buildChain(undefined, 11, () => ({ txs: [{}] }));
    await writer.commit({ append: chain.slice(0, 10) });
    await relayChain(stores, 'test_h');
    expect((await ask('window=24h')).stats.blocks).toBe(10);
    wait(59 * 60_000);
    const readsBefore = reads();
    expect((await ask('window=24h')).stats.blocks).toBe(10);
    expect(reads()).toBe(readsBefore);
    wait(60_000);
    await ask('window=24h');
    expect(reads()).toBeGreaterThan(readsBefore);

    await writer.commit({ append: chain.slice(10) });
    await relayChain(stores, 'test_h');
    expect((await ask('window=24h')).stats.blocks).toBe(11);
  });

  it('shows blocks that are filled into a history with holes after moments', async () => {
    const { ask, wait } = await openCounting('test_i');
    const writer = await openChainWriter(stores, 'test_i');
    const chain = buildChain(undefined, 10, () => ({ txs: [{}] }));
    await writer.commit({ append: chain.slice(6), finalizedNumber: 9 });
    await writer.commit({ append: chain.slice(0, 3) });
    await relayChain(stores, 'test_i');
    for (const query of ['window=all', 'fromBlock=0&toBlock=9', 'fromBlock=0&toBlock=4']) await ask(query);
    expect((await ask('window=all')).coverage).toMatchObject({ complete: false });
    await writer.commit({ append: chain.slice(3, 6) });
    await relayChain(stores, 'test_i');
    wait(2_000);
    for (const query of ['window=all', 'fromBlock=0&toBlock=9']) {
      expect(await ask(query)).toMatchObject({ coverage: { complete: true }, stats: { blocks: 10 } });
    }
    expect(await ask('fromBlock=0&toBlock=4')).toMatchObject({ coverage: { complete: true }, stats: { blocks: 5 } });
  });

  it('reads a range of final blocks once, whatever comes above it, and says the newest block', async () => {
    const { ask, reads } = await openCounting('test_j');
    const writer = await openChainWriter(stores, 'test_j');
    const chain = buildChain(undefined, 12, () => ({ txs: [{}] }));
    await writer.commit({ append: chain.slice(0, 10), finalizedNumber: 6 });
    await relayChain(stores, 'test_j');
    const final = 'fromBlock=2&toBlock=6';
    expect((await ask(final)).asOf).toMatchObject({ number: 9, hash: chain[9]?.hash });
    await writer.commit({ append: chain.slice(10) });
    await relayChain(stores, 'test_j');
    const readsBefore = reads();
    expect(await ask(final)).toMatchObject({ asOf: { number: 11, hash: chain[11]?.hash }, stats: { blocks: 5 } });
    expect(reads()).toBe(readsBefore);

    // Not final: a reorg may still change it.
    const open = 'fromBlock=2&toBlock=11';
    expect((await ask(open)).stats.transactions).toBe(10);
    const other = buildBlock({ number: 11, parent: chain[10], timestamp: 1_700_000_011, salt: 'other', txs: [{}, {}] });
    await writer.commit({ retract: { from: 11, to: 11 }, append: [other] });
    await relayChain(stores, 'test_j');
    expect(await ask(open)).toMatchObject({ coverage: { toHash: other.hash }, stats: { transactions: 11 } });
  });

  it('asks to try again when a store is away', async () => {
    const gone = async (): Promise<never> => {
      throw new RetryableError('connect ECONNREFUSED 10.0.0.7');
    };
    const app = await openApp({ timeseries: { query: gone, command: gone, insert: gone } });
    const answer = await app.inject('/api/v1/l2/networks/optimism/stats');
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(answer.body).not.toContain('10.0.0.7');
  });
});

describe('an answer that is kept', () => {
  it('is given again until the bus tells of a change of its network', async () => {
    const { bus, give } = createHandBus();
    const { relational } = stores;
    const catalog = liveCatalog([]);
    const clock = Date.now;
    const busHealth = async () => ({ ok: true });
    const log = pino({ level: 'silent' });
    const chain = await openLiveChain({ bus, catalog, clock, log, busHealth, reads: createChainReads(relational) });
    const app = await openApp({ answersKeptMs: 3_600_000 }, { chain, candles: noCandles, clock });
    const newest = async (network: string) =>
      (await app.inject(`/api/v1/l2/networks/${network}/blocks?limit=1`)).json().asOf?.number;
    const ids = ['base', 'zora', 'linea'];
    const blocks = buildChain(undefined, 4);
    const chains = await Promise.all(
      ids.map(async (id) => {
        const writer = await openChainWriter(stores, id);
        await writer.commit({ append: blocks.slice(0, 3) });
        return writer;
      }),
    );
    const names = [...ids, 'consensys_zkevm'];
    expect(await Promise.all(names.map(newest))).toEqual([2, 2, 2, 2]);

    for (const writer of chains) await writer.commit({ append: blocks.slice(3) });
    expect(await Promise.all(names.map(newest))).toEqual([2, 2, 2, 2]);
    for (const id of ['base', 'linea']) {
      const pending = await readPending(relational, id, 100, 20_000);
      await give(pending?.events ?? []);
    }
    // What was asked by another name of it is of the network all the same.
    expect(await Promise.all(names.map(newest))).toEqual([3, 2, 3, 3]);
    expect((await app.inject('/api/v1/l2/networks/consensys_zkevm/blocks?limit=1')).headers.link).toContain('linea');
    await chain.stop();
  });
});

describe('GET /api/v1/l2/networks/:network/reorgs', () => {
  it('lists what left the chain, the newest first, and says what state that is of', async () => {
    const app = await openApp();
    const writer = await openChainWriter(stores, 'test_k');
    const chain = buildChain(undefined, 5, () => ({ txs: [{}, {}] }));
    await writer.commit({ append: chain });
    const once = buildChain(chain[2], 2, () => ({ salt: 'once' }));
    await writer.commit({ retract: { from: 3, to: 4 }, append: once });
    const twice = buildChain(chain[2], 3, () => ({ salt: 'twice' }));
    await writer.commit({ retract: { from: 3, to: 4 }, append: twice });
    await report({ network: 'test_k', state: 'synced', head: 7 });
    const url = '/api/v1/l2/networks/test_k/reorgs';
    const answer = await app.inject(url);
    const { reorgs, ...freshness } = answer.json();
    const newest = twice.at(-1);
    expect(freshness).toMatchObject({
      ...{ network: 'test_k', asOf: { number: 5, hash: newest?.hash, timestamp: newest?.timestamp } },
      ...{ lag: { blocks: 2 }, finality: { number: null }, sync: { state: 'synced' } },
    });
    const left = ({ number, hash, timestamp, txs }: Block) => ({ number, hash, timestamp, transactions: txs.length });
    expect(reorgs).toEqual([
      { at: expect.any(Number), depth: 2, fromBlock: 3, toBlock: 4, blocks: once.map(left) },
      { at: expect.any(Number), depth: 2, fromBlock: 3, toBlock: 4, blocks: chain.slice(3).map(left) },
    ]);
    const again = { url, headers: { 'if-none-match': String(answer.headers.etag) } };
    expect((await app.inject(again)).statusCode).toBe(304);
    const older = (await app.inject(`${url}?before=${reorgs[0].at}&limit=1`)).json();
    expect(older.reorgs).toEqual(reorgs.slice(1));
  });

  it('has none of a network that nothing is held of', async () => {
    const app = await openApp();
    expect((await app.inject('/api/v1/l2/networks/scroll/reorgs')).json()).toMatchObject({ asOf: null, reorgs: [] });
  });
});

describe('GET /api/v1/health', () => {
  it('is ok with the catalog in force, or degraded with the reasons', async () => {
    const well = await openApp({ health: async () => ({ relational: { ok: true }, bus: { ok: true, detail: 'x' } }) });
    expect((await well.inject('/api/v1/health')).json()).toEqual({
      status: 'ok',
      environment: 'local',
      version: '1.2.3',
      catalog: { digest: 'sha256:test', since: '2026-01-31T10:00:00.000Z', refused: [] },
      modules: { relational: { ok: true, detail: null }, bus: { ok: true, detail: 'x' } },
    });
    const ill = await openApp({ health: async () => ({ relational: { ok: false, detail: 'no answer' } }) });
    expect((await ill.inject('/api/v1/health')).json()).toMatchObject({
      status: 'degraded',
      modules: { relational: { detail: 'no answer' } },
    });
    const refused = await openApp({ catalog: liveCatalog(['a.yaml:1:1 CAT010 …']) });
    expect((await refused.inject('/api/v1/health')).json()).toMatchObject({
      status: 'degraded',
      catalog: { refused: ['a.yaml:1:1 CAT010 …'] },
    });
  });
});

describe('GET /api/v1/health/networks', () => {
  it('tells of every network how its sync is, and what its endpoints do', async () => {
    const app = await openApp();
    const endpoint = {
      host: 'rpc.example',
      state: 'resting',
      reason: '429',
      requests: 9,
      errors: 3,
      latencyMs: 12.5,
      head: 20,
    };
    await report({
      network: 'test_f',
      state: 'syncing',
      reason: 'slow',
      head: 20,
      synced: 9,
      finalized: 6,
      errorRate: 0.25,
      blocksPerSecond: 3.5,
      finalitySeconds: 60,
      backfillRemaining: 4,
      endpoints: [endpoint],
    });
    const answer = (await app.inject('/api/v1/health/networks')).json();
    expect(answer.total).toBe(inForce.networks.length);
    expect(answer.states).toMatchObject({ syncing: 1 });
    expect(answer.networks.find(({ network }: { network: string }) => network === 'test_f')).toMatchObject({
      state: 'syncing',
      reason: 'slow',
      lag: { blocks: 11, seconds: expect.any(Number) },
      errorRate: 0.25,
      blocksPerSecond: 3.5,
      finality: { number: 6, seconds: 60 },
      backfillRemaining: 4,
      endpoints: [endpoint],
    });
  });
});

describe('the document', () => {
  it('is whole: every reference resolves, every path parameter is there, every schema compiles, ids are unique', async () => {
    const app = await openApp();
    const document = (await app.inject('/openapi.json')).json();
    const ajv = documentAjv(document);
    const operations = Object.entries<Record<string, Operation>>(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );
    expect(Object.keys(document.paths).filter((path) => !path.startsWith('/api/v1/analytics/'))).toEqual([
      '/api/v1/l2/networks',
      '/api/v1/l2/networks/{network}',
      '/api/v1/l2/networks/{network}/stats',
      '/api/v1/l2/networks/{network}/blocks',
      '/api/v1/l2/networks/{network}/blocks/{number}',
      '/api/v1/l2/networks/{network}/txs',
      '/api/v1/l2/networks/{network}/txs/{hash}',
      '/api/v1/l2/networks/{network}/reorgs',
      '/api/v1/health',
      '/api/v1/health/networks',
      '/metrics',
    ]);
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    for (const { path, operation } of operations) {
      const inPath = (operation.parameters ?? []).filter((each) => each.in === 'path').map(({ name }) => `{${name}}`);
      expect(path.match(/\{[^}]+\}/g) ?? []).toEqual(inPath);
      expect(operation.summary).toEqual(expect.any(String));
      // Every path refuses parameters that it does not know.
      expect({ path, documented: Object.keys(operation.responses) }).toEqual({
        path,
        documented: expect.arrayContaining(['200', '400']),
      });
      for (const { content } of Object.values(operation.responses)) {
        for (const { schema } of Object.values(content)) expect(() => ajv.compile(schema)).not.toThrow();
      }
    }
    const references = JSON.stringify(document).match(/"\$ref":"[^"]+"/g) ?? [];
    const known = Object.keys(document.components.schemas).map((name) => `"$ref":"#/components/schemas/${name}"`);
    expect(references.filter((reference) => !known.includes(reference))).toEqual([]);
    expect(references.length).toBeGreaterThan(10);
  });

  it('describes every field', async () => {
    const app = await openApp();
    const document = (await app.inject('/openapi.json')).json();
    expect(fieldsWithout('description', document.components.schemas)).toEqual([]);
  });
});

describe('GET /', () => {
  it('leads to the documentation', async () => {
    const app = await openApp();
    const answer = await app.inject('/');
    expect([answer.statusCode, answer.headers.location]).toEqual([302, '/docs']);
  });
});

interface PageAnswer {
  readonly blocks: readonly { readonly hash: string }[];
  readonly txs: readonly { readonly hash: string }[];
  readonly next: string | null;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Record<string, { readonly content: Record<string, { readonly schema: object }> }>;
}

async function openApp(deps: Partial<AnalyticsDeps> = {}, live?: LiveParts): Promise<HttpApp> {
  const parts = { ...analyticsDeps(stores, liveCatalog([])), ...deps };
  const app = await createAnalyticsApp(parts, live);
  apps.push(app);
  holdToDocument(app);
  return app;
}

/** The statistics of a network by an API that counts how often they are read, with a cache whose clock is ours. */
async function openCounting(network: string) {
  let now = 0;
  let reads = 0;
  const cache = createEmbeddedCache({ now: () => now });
  const app = await openApp({
    cache: {
      ...cache,
      remember: (key, life, load) =>
        cache.remember(key, life, () => {
          reads += 1;
          return load();
        }),
    },
  });
  return {
    ask: async (query: string) => (await app.inject(`/api/v1/l2/networks/${network}/stats?${query}`)).json(),
    reads: () => reads,
    wait: (ms: number) => {
      now += ms;
    },
  };
}

/** Fails a request whose answer is not exactly what its schema says, before the serializer could leave the difference out. */
function holdToDocument(app: HttpApp): void {
  const ajv = formats.default(new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }));
  ajv.addSchema([Problem, ...sharedAnswers]);
  app.addHook('preSerialization', async (request, reply, payload) => {
    const responses = request.routeOptions.schema?.response as Operation['responses'] | undefined;
    const schema = responses?.[reply.statusCode]?.content['application/json']?.schema;
    if (schema === undefined) return payload;
    expect(ajv.validate(schema, payload) ? [] : ajv.errors).toEqual([]);
    return payload;
  });
}

function documentAjv(document: { components: object }): Ajv2020 {
  const ajv = formats.default(new Ajv2020({ strict: true, allowUnionTypes: true }));
  ajv.addKeyword('components');
  // Schemas refer into the document, `#/components/…`, which is its own root to them.
  const compile = ajv.compile.bind(ajv);
  return Object.assign(ajv, { compile: (schema: object) => compile({ ...schema, components: document.components }) });
}

function fieldsWithout(keyword: string, schema: unknown, path = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([key, value]) => {
    if (key === 'properties') {
      return Object.entries<object>(value).flatMap(([name, field]) => [
        ...(keyword in field || '$ref' in field || 'properties' in field ? [] : [`${path}/${name}`]),
        ...fieldsWithout(keyword, field, `${path}/${name}`),
      ]);
    }
    return fieldsWithout(keyword, value, `${path}/${key}`);
  });
}

function liveCatalog(refused: readonly string[]): AnalyticsDeps['catalog'] {
  return { current: () => inForce, refused: () => refused, subscribe: () => () => undefined };
}

function templateOf(id: string): Network {
  const found = catalog.networks.find((network) => network.id === id);
  if (found === undefined) throw new Error(`no network ${id}`);
  return found;
}

function networkOf(answer: { networks: { id: string; sync: Record<string, unknown> }[] }, id: string) {
  const found = answer.networks.find((network) => network.id === id);
  if (found === undefined) throw new Error(`no network ${id} in the answer`);
  return found;
}

async function report(parts: Partial<SyncReport> & { network: string }): Promise<void> {
  await writeStatus(stores.relational, [reportOf(parts)]);
}
