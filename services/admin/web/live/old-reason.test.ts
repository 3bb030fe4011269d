import { describe, expect, it } from 'vitest';
import type { NetworkNow } from '../../../contracts/live-messages.ts';
import { oldReasonOf } from './old-reason.ts';

describe(oldReasonOf, () => {
  it('is what the service says, and nothing while that says nothing', () => {
    expect(oldReasonOf(answered('synced'), nowOf('synced', 'behind'))).toBe('behind');
    expect(oldReasonOf(answered('synced'), nowOf('synced', null))).toBeUndefined();
    expect(oldReasonOf(answered('synced'), undefined)).toBeUndefined();
  });

  it('tells of a network that is synced by its last report, which is long ago', () => {
    const reason = 'nobody reports on it any more';
    expect(oldReasonOf(answered('synced'), nowOf('synced', 'not-synced'))).toBe(reason);
    expect(oldReasonOf({ state: 'synced', isReportStale: true }, undefined)).toBe(reason);
  });

  it('does not call old what is known to stand still', () => {
    for (const state of ['idle', 'unreachable', 'unknown'])
      expect(oldReasonOf(answered(state), nowOf(state, 'not-synced'))).toBeUndefined();
  });
});

function answered(state: string) {
  return { state, isReportStale: false };
}

function nowOf(state: string, staleReason: string | null): NetworkNow {
  return {
    ...{ type: 'network', network: 'base', status: 'active', state, reason: null },
    stale: staleReason === null ? null : { reason: staleReason, since: 1 },
    ...{ head: 1, synced: 1, finalized: null, lagBlocks: 0, time: 1, tps: 1 },
  };
}
