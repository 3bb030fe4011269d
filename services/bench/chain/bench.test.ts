import { describe, expect, it } from 'vitest';
import { runBench } from '../harness.ts';
import { bench } from './bench.ts';

describe('the chain bench', () => {
  it('finds the same blocks, transactions and logs by our sync, the raw drain and ethers, on both nodes', async () => {
    const reports = await runBench(bench, {
      runs: 1,
      sizes: { blocks: 12, txs: 8 },
      cases: undefined,
      subjects: ['ours', 'raw-drain', 'raw-bytes', 'ethers-loop'],
      timeoutSeconds: 60,
      log: () => undefined,
      signal: new AbortController().signal,
    });

    expect(reports.map((report) => report.case.name)).toEqual(['anvil', 'replay']);
    const [anvil, replay] = reports;
    expect(anvil?.verified.rows).toBeGreaterThan(12 * (1 + 8));
    expect(replay?.verified).toEqual(anvil?.verified);
    expect(new Set(anvil?.results.map(({ subject }) => subject))).toEqual(
      new Set(['ours', 'raw-drain', 'raw-bytes', 'ethers-loop']),
    );
  }, 120_000);
});
