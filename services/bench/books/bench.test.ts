import { describe, expect, it } from 'vitest';
import { reportsOf } from '../testing/reports-of.ts';
import { bench } from './bench.ts';

describe('the books bench', () => {
  it('ends in the same books by ours and by the limit, on spot and on futures', async () => {
    const subjects = ['ours', 'parse'];
    const reports = await reportsOf(bench, { sizes: { messages: 500, symbols: 5 }, subjects });

    expect(reports.map((report) => report.case.name)).toEqual(['spot', 'spot-1', 'usdm']);
    for (const { results, verified } of reports) {
      expect(verified.rows).toBeGreaterThan(1900);
      expect(new Set(results.map(({ subject }) => subject))).toEqual(new Set(subjects));
    }
    expect(bench.conclude?.(reports)).toContain('ours ÷ parse');
  }, 300_000);
});
