import { describe, expect, it } from 'vitest';
import type { NetworkHealth } from '../../../../contracts/chain-answers.ts';
import { findingOf } from './findings.ts';

describe(findingOf, () => {
  it('tells the worst of a network, and nothing of one that is well or switched off', () => {
    const words = [
      findingOf(healthOf({ state: 'unreachable', errorRate: 1 }), undefined)?.word,
      findingOf(healthOf({ errorRate: 0.5 }), undefined)?.word,
      findingOf(healthOf({ errorRate: 0.05 }), undefined)?.word,
      findingOf(healthOf({ state: 'idle' }), undefined)?.word,
    ];
    expect(words).toEqual(['unreachable', 'errors', undefined, undefined]);
  });

  it('tells when what is known of it is old, unless it is not followed at all', () => {
    const now = (reason: string) => ({
      ...{ type: 'network' as const, network: 'base', status: 'active', state: 'synced', reason: null },
      ...{ stale: { reason, since: 1 }, head: 1, synced: 1, finalized: null, lagBlocks: 0, time: 1, tps: 1 },
    });
    expect(findingOf(healthOf({}), now('behind'))?.detail).toBe('behind');
    expect(findingOf(healthOf({ state: 'idle' }), { ...now('not-synced'), state: 'idle' })).toBeUndefined();
    expect(findingOf(healthOf({ stale: true }), undefined)?.detail).toBe('nobody reports on it any more');
  });
});

function healthOf(parts: Partial<NetworkHealth>): NetworkHealth {
  return {
    ...{ network: 'base', state: 'synced', reason: null, stale: false, reportAgeSeconds: 1, head: 1, synced: 1 },
    ...{ lag: { blocks: 0, seconds: 1 }, errorRate: 0, blocksPerSecond: 1, finality: { number: 1, seconds: 1 } },
    ...{ blocksHeld: 1, backfillRemaining: 0, reorgs: 0, endpoints: [] },
    ...parts,
  };
}
