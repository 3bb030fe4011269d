import { describe, expect, it } from 'vitest';
import { reportsOf } from '../testing/reports-of.ts';
import { bench } from './bench.ts';

describe('the chain bench', () => {
  it('finds the same blocks, transactions and logs by our sync, the raw drain and ethers, on both nodes', async () => {
    const subjects = ['ours', 'raw-drain', 'raw-bytes', 'ethers-loop'];
    const reports = await reportsOf(bench, { sizes: { blocks: 12, txs: 8 }, subjects, runs: 0 });

    expect(reports.map((report) => report.case.name)).toEqual(['anvil', 'replay']);
    const [anvil, replay] = reports;
    expect(anvil?.verified.rows).toBeGreaterThan(12 * (1 + 8));
    expect(replay?.verified).toEqual(anvil?.verified);
    expect(reports.flatMap(({ leftOut }) => leftOut)).toEqual([]);
  }, 300_000);
});
