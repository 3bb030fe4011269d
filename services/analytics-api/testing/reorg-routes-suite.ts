import { describe, expect, it } from 'vitest';
import type { Block } from '../../datasets/chain/block.ts';
import { buildChain, openChainWriter } from '../../datasets/chain/read-fixtures.ts';
import { openApp, report, stores } from './platform.ts';

/** The log of reorganisations. */
export function reorgRoutesSuite(): void {
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
}
