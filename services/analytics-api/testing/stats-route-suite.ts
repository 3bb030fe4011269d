import { describe, expect, it } from 'vitest';
import { buildBlock, buildChain, openChainWriter, relayChain } from '../../datasets/chain/read-fixtures.ts';
import { RetryableError } from '../../runtime/errors.ts';
import { immutable, maximum, openApp, openCounting, stores } from './platform.ts';

/** Statistics, and when they are read anew. */
export function statsRouteSuite(): void {
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
      const other = buildBlock({
        number: 11,
        parent: chain[10],
        timestamp: 1_700_000_011,
        salt: 'other',
        txs: [{}, {}],
      });
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
}
