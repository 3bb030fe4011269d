import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { readPending } from '../../datasets/chain/changes.ts';
import { buildChain, openChainWriter } from '../../datasets/chain/read-fixtures.ts';
import { createChainReads } from '../live/chain-reads.ts';
import { openLiveChain } from '../live/live-chain.ts';
import { createHandBus, noCandles } from '../live/live-fixtures.ts';
import { liveCatalog, openApp, stores } from './platform.ts';

/** Whole answers that are kept. */
export function keptSuite(): void {
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
}
