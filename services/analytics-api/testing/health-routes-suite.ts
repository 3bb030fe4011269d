import { describe, expect, it } from 'vitest';
import { inForce, liveCatalog, openApp, report } from './platform.ts';

/** How the system and the networks are. */
export function healthRoutesSuite(): void {
  describe('GET /api/v1/health', () => {
    it('is ok with the catalog in force, or degraded with the reasons', async () => {
      const well = await openApp({
        health: async () => ({ relational: { ok: true }, bus: { ok: true, detail: 'x' } }),
      });
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
}
