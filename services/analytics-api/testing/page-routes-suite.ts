import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Block } from '../../datasets/chain/block.ts';
import { buildBlock, buildChain, openChainWriter, type TxParts } from '../../datasets/chain/read-fixtures.ts';
import { encodeCursor } from '../cursor.ts';
import { immutable, maximum, openApp, report, stores } from './platform.ts';

/** Blocks and transactions: pages, single ones, and for how long they may be kept. */
export function pageRoutesSuite(): void {
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

    it('writes a block in a page as it does alone, with all that it has and nothing of it', async () => {
      const app = await openApp();
      const writer = await openChainWriter(stores, 'test_l');
      const all = { blobGasUsed: maximum, excessBlobGas: '0', l1BlockNumber: '5', sizeBytes: 0 };
      const nothing = { miner: null, sizeBytes: null, baseFeePerGas: null };
      const chain = buildChain(undefined, 3, () => ({ txs: [{ logCount: 2 }] })).map((block, at) => ({
        ...block,
        ...(at === 1 ? all : nothing),
      }));
      await writer.commit({ append: chain, finalizedNumber: 1 });
      const url = '/api/v1/l2/networks/test_l/blocks';
      const page = (await app.inject(url)).json();
      const alone = await Promise.all([2, 1, 0].map(async (number) => (await app.inject(`${url}/${number}`)).json()));
      expect(page.blocks).toEqual(alone.map(({ block: { extra: _, ...block } }) => block));
      expect(page.blocks[1]).toMatchObject({ ...all, l1BlockNumber: 5, final: true, transactions: 1, logs: 2 });
      expect(page.blocks[0]).toMatchObject({ ...nothing, final: false });
    });

    it('gives a page another ETag once a hole in it is filled', async () => {
      const app = await openApp();
      const writer = await openChainWriter(stores, 'mantle');
      const chain = buildChain(undefined, 6);
      await writer.commit({ append: [...chain.slice(4)], finalizedNumber: 5 });
      await writer.commit({ append: chain.slice(0, 2) });
      const url = '/api/v1/l2/networks/mantle/blocks?limit=6';
      const etag = String((await app.inject(url)).headers.etag);
      await writer.commit({ append: chain.slice(2, 3) });
      const filled = await app.inject({ url, headers: { 'if-none-match': etag } });
      expect([filled.statusCode, filled.json().blocks.length]).toEqual([200, 5]);
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
      await stores.relational.query(`UPDATE chain.cursors SET dropped_to = 6 WHERE network = 'test_c'`);
      const dropped = (await app.inject('/api/v1/l2/networks/test_c/blocks/5')).json();
      expect(dropped.detail).toContain('Blocks held: 7–7. Blocks up to 6 were dropped for their age.');
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
      expect(await errors(`before=${encodeCursor({ kind: 'txs', chain: '', block: 1, index: 1 })}`)).toEqual([
        'before',
      ]);
      expect(await errors('fromBlock=2&toBlock=1')).toEqual(['fromBlock']);
      expect(await errors('limit=0')).toEqual(['limit']);
      expect(await errors('limit=1001&fromBlock=-1&address=0x')).toEqual(['address', 'limit', 'fromBlock']);
    });
  });
}

interface PageAnswer {
  readonly blocks: readonly { readonly hash: string }[];
  readonly txs: readonly { readonly hash: string }[];
  readonly next: string | null;
}
