import { describe, expect, it } from 'vitest';
import type { Network } from '../../../catalog/schema/network.ts';
import { inForce, networkOf, openApp, report, stores } from './platform.ts';

/** Which networks there are, and by which names. */
export function networkRoutesSuite(): void {
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
      expect(networkOf({ networks: entries }, 'consensys_zkevm')).toMatchObject({
        aliasOf: 'linea',
        status: 'retired',
      });
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
}
