import { describe, expect, it } from 'vitest';
import type { SyncReport } from '../../datasets/chain/status.ts';
import { behindMs, createFreshnessJudge } from './freshness.ts';
import { networkOf } from './live-fixtures.ts';

const network = networkOf('net_a');

describe(createFreshnessJudge, () => {
  it('takes changes that have not come for a while as missing, however many are committed meanwhile', () => {
    const { judge, look, pass } = openJudge();
    look(10, 10);
    pass(behindMs);
    look(20, 10);
    expect(judge.judge(network)).toBeUndefined();
    for (let seq = 30; seq < 30 + behindMs / 1000; seq++) {
      pass(1000);
      look(seq, 19);
    }
    expect(judge.judge(network)).toEqual({ reason: 'behind', sinceMs: behindMs });
    // What was missing has come; more was committed, but only now.
    look(100, 25);
    expect(judge.judge(network)).toBeUndefined();
  });

  it('does not wait for what the bus was given before anything came', () => {
    const { judge, look, pass } = openJudge();
    look(10, undefined);
    pass(behindMs);
    look(10, undefined);
    expect(judge.judge(network)).toBeUndefined();
  });

  it('says since when the bus or the store is away, and that a network is not synced', () => {
    const { judge, look, pass } = openJudge();
    look(1, 1);
    judge.noteBus({ ok: false });
    pass(1000);
    judge.noteBus({ ok: false });
    expect([judge.judge(network), judge.judgeBus()?.sinceMs]).toEqual([{ reason: 'bus-away', sinceMs: 0 }, 0]);
    judge.noteBus({ ok: true });
    expect([judge.judge(network), judge.judgeBus()]).toEqual([undefined, undefined]);
    pass(behindMs);
    judge.noteLook(undefined, () => undefined);
    expect(judge.judge(network)).toEqual({ reason: 'store-away', sinceMs: 0 });
    look(1, 1, 'unreachable');
    expect(judge.judge(network)?.reason).toBe('not-synced');
    look(1, 1);
    expect(judge.judge(network)).toBeUndefined();
    expect(judge.judge(networkOf('net_unknown'))?.reason).toBe('not-synced');
  });
});

function openJudge() {
  let now = 0;
  const judge = createFreshnessJudge(() => now);
  return {
    judge,
    pass: (ms: number) => {
      now += ms;
    },
    look: (seq: number, seen: number | undefined, state: SyncReport['state'] = 'synced') => {
      const report = { network: network.id, state, reason: null } as SyncReport;
      const found = {
        reported: new Map([[network.id, { report, ageSeconds: 0 }]]),
        newest: new Map(),
        cursors: new Map([[network.id, { seq, relayedSeq: seq }]]),
      };
      judge.noteLook(found, () => seen);
    },
  };
}
