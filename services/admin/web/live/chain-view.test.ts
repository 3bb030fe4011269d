import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChainNews, LiveBlock } from '../../../contracts/live-messages.ts';
import { afterNews, askedAnew, type ChainView, emptyChain } from './chain-view.ts';

describe(afterNews, () => {
  it('shows the newest blocks of the chain, whatever joins and leaves it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(3)), { maxLength: 60 }), (steps) => {
        const chain = [blockOf(0, 0)];
        let view = told(emptyChain, { type: 'snapshot', network: 'x', chainSeq: 1, finalized: null, blocks: chain });
        let chainSeq = 1;
        for (const [depth, salt] of steps) {
          for (let left = 0; left < depth && chain.length > 1; left++) {
            const gone = chain.pop() as LiveBlock;
            view = told(view, { type: 'retracted', network: 'x', chainSeq: ++chainSeq, ...gone });
          }
          const next = blockOf(chain.length, salt + chainSeq * 10);
          chain.push(next);
          view = told(view, { type: 'block', network: 'x', chainSeq: ++chainSeq, ...next });
        }
        // A snapshot tells so many blocks only; what is deeper was never told, or is no longer shown.
        const expected = chain.toReversed().slice(0, view.blocks.length);
        expect(view.blocks).toEqual(expected);
        expect(view.blocks.length).toBeGreaterThan(0);
        expect(view.chainSeq).toBe(chainSeq);
      }),
    );
  });

  it('takes a block of the past that is filled in only where it is in sight', () => {
    const newest = Array.from({ length: 40 }, (_, at) => blockOf(100 + at, 0));
    const full = told(emptyChain, { type: 'snapshot', network: 'x', chainSeq: 1, finalized: 100, blocks: newest });
    const past = { type: 'block', network: 'x', chainSeq: 2, ...blockOf(7, 0) } as const;
    expect(told(full, past).blocks.map(({ number }) => number)).not.toContain(7);
  });

  it('keeps what it shows while it is old, says since when, and forgets that when it is live again', () => {
    const shown = told(emptyChain, {
      type: 'snapshot',
      network: 'x',
      chainSeq: 1,
      finalized: 3,
      blocks: [blockOf(4, 0)],
    });
    const old = told(shown, { type: 'stale', network: 'x', reason: 'behind', since: 5 });
    expect(old).toEqual({ ...shown, stale: { reason: 'behind', since: 5 } });
    expect(told(old, { type: 'live', network: 'x' })).toEqual(shown);
  });

  it('is of before until a new connection goes on with it, and forgets what the old one said of its age', () => {
    const whole = { type: 'snapshot', network: 'x', chainSeq: 1, finalized: null, blocks: [blockOf(4, 0)] } as const;
    const shown = told(emptyChain, { ...whole, blocks: [...whole.blocks] });
    expect(shown.isTold).toBe(true);
    const old = told(shown, { type: 'stale', network: 'x', reason: 'bus-away', since: 5 });
    const asked = askedAnew(old);
    expect(asked).toEqual({ ...shown, isTold: false });
    expect(told(asked, { type: 'resumed', network: 'x', chainSeq: 1 })).toEqual(shown);
    for (const type of ['reset', 'removed'] as const) expect(told(shown, { type, network: 'x' }).isTold).toBe(false);
  });

  it('remembers what left, the newest first, with when that was seen', () => {
    const shown = told(emptyChain, {
      type: 'snapshot',
      network: 'x',
      chainSeq: 1,
      finalized: null,
      blocks: [blockOf(4, 0)],
    });
    const view = told(shown, { type: 'retracted', network: 'x', chainSeq: 2, number: 4, hash: '0x4-0', timestamp: 4 });
    expect(view.blocks).toEqual([]);
    expect(view.retracted).toEqual([{ number: 4, hash: '0x4-0', seenAtMs: 9 }]);
  });
});

function told(view: ChainView, news: ChainNews): ChainView {
  return afterNews(view, news, 9);
}

function blockOf(number: number, salt: number): LiveBlock {
  return {
    ...{ number, hash: `0x${number}-${salt}`, timestamp: number, transactions: 1, logs: 0 },
    ...{ gasUsed: '1', gasLimit: '2', baseFeePerGas: null, fees: { execution: null, l1Data: null } },
  };
}
