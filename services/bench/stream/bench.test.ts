import { describe, expect, it } from 'vitest';
import { reportsOf } from '../testing/reports-of.ts';
import { bench } from './bench.ts';

describe('the stream bench', () => {
  it.each([
    { name: 'chain', rows: 30 * (1 + 2 + 2 * 2), subjects: ['ours', 'insert', 'parse', 'rows-alone'] },
    { name: 'bars', rows: 4 * 5, subjects: ['ours', 'insert', 'fetch'] },
  ])(
    'brings the same rows of $name out of the bus, by whatever way',
    async ({ name, rows, subjects }) => {
      const sizes = { networks: 3, blocks: 30, txs: 2, logs: 2, symbols: 4, seconds: 5 };
      const [report, ...more] = await reportsOf(bench, { sizes, subjects, cases: [name] });

      expect(more).toEqual([]);
      expect(report?.verified.rows).toBe(rows);
      expect(new Set(report?.results.map(({ subject }) => subject))).toEqual(new Set(subjects));
    },
    240_000,
  );
});
