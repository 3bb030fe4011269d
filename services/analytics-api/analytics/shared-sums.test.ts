import { describe, expect, it } from 'vitest';
import { spans } from '../../datasets/chain/span.ts';
import { shareSums } from './shared-sums.ts';

describe(shareSums, () => {
  it('reads once for those who ask the same, also while it reads, and again when it is old', async () => {
    const { ask, counts, wait } = open({ tookMs: 10 });
    await Promise.all([ask('1h', 'a'), ask('1h', 'a'), ask('1h', 'a', 'b'), ask('24h', 'a')]);
    expect(counts()).toEqual({ '1h a': 1, '1h a,b': 1, '24h a': 1 });
    wait(999);
    await ask('1h', 'a');
    expect(counts()['1h a']).toBe(1);
    wait(1);
    await ask('1h', 'a');
    expect(counts()['1h a']).toBe(2);
  });

  it('shares for longer what took longer, up to a minute', async () => {
    for (const [tookMs, keptMs] of [
      [2_000, 8_000],
      [30_000, 60_000],
    ] as const) {
      const { ask, counts, wait } = open({ tookMs });
      await ask('1h', 'a');
      wait(keptMs - 1);
      await ask('1h', 'a');
      expect(counts()).toEqual({ '1h a': 1 });
      wait(1);
      await ask('1h', 'a');
      expect(counts()).toEqual({ '1h a': 2 });
    }
  });

  it('tries again after a failure', async () => {
    const { ask, counts } = open({ tookMs: 1, failures: 1 });
    await expect(Promise.all([ask('1h', 'a'), ask('1h', 'a')])).rejects.toThrow('away');
    expect((await ask('1h', 'a')).size).toBe(0);
    expect(counts()).toEqual({ '1h a': 2 });
  });
});

/** A reader whose time is ours, and takes so long. */
function open({ tookMs, failures = 0 }: { tookMs: number; failures?: number }) {
  let now = 0;
  const reads: string[] = [];
  const read = shareSums(
    async (span, networks) => {
      reads.push(`${span.name} ${networks.map(({ id }) => id).join()}`);
      const fails = reads.length <= failures;
      await Promise.resolve();
      now += tookMs;
      if (fails) throw new Error('away');
      return new Map();
    },
    { keepMs: 1_000, now: () => now },
  );
  return {
    ask: (name: '1h' | '24h', ...ids: string[]) =>
      read(
        spans[name],
        ids.map((id) => ({ id, startBlock: 0 })),
      ),
    counts: () => Object.fromEntries([...Map.groupBy(reads, String)].map(([key, all]) => [key, all.length])),
    wait: (ms: number) => {
      now += ms;
    },
  };
}
