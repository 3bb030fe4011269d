import { describe, expect, it } from 'vitest';
import { createChainEndLoader } from './chain-end-loader.ts';
import { silent } from './live-fixtures.ts';

describe(createChainEndLoader, () => {
  it('reads many networks in one query, one query at a time, and again what is asked for meanwhile', async () => {
    const reads: string[][] = [];
    const taken: string[] = [];
    const loader = createChainEndLoader({
      read: async (networks) => {
        reads.push([...networks]);
        await new Promise((resolve) => setImmediate(resolve));
        return networks.map((network) => ({ network, seq: 1, finalized: null, blocks: [] }));
      },
      take: (network) => taken.push(network),
      ...{ retryMs: 1, log: silent },
    });
    const first = Promise.all(['a', 'b', 'a'].map((network) => loader.load(network)));
    await new Promise((resolve) => setImmediate(resolve));
    const second = loader.load('a');
    await Promise.all([first, second]);
    await loader.load('c');
    expect([reads, taken]).toEqual([
      [['a', 'b'], ['a'], ['c']],
      ['a', 'b', 'a', 'c'],
    ]);
    await loader.stop();
  });

  it('tries again for as long as it takes, and lets go of all who wait when it stops', async () => {
    let fails = 2;
    const loader = createChainEndLoader({
      read: async () => {
        if (fails-- > 0) throw new Error('away');
        return [];
      },
      take: () => undefined,
      ...{ retryMs: 1, log: silent },
    });
    await loader.load('a');
    expect(fails).toBe(-1);
    fails = Number.POSITIVE_INFINITY;
    const waiting = loader.load('b');
    await loader.stop();
    await waiting;
    await loader.load('c');
  });
});
