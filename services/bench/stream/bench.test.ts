import { describe, expect, it } from 'vitest';
import { reportsOf } from '../testing/reports-of.ts';
import { bench } from './bench.ts';

describe('the stream bench', () => {
  it.each([
    { name: 'chain', rows: 30 * (1 + 2 + 2 * 2), subjects: ['ours', 'insert', 'parse', 'rows-alone'], runs: 0 },
    { name: 'bars', rows: 4 * 5, subjects: ['ours', 'insert', 'fetch'], runs: 1 },
  ])(
    'brings the same rows of $name out of the bus, by whatever way',
    async ({ name, rows, subjects, runs }) => {
      const sizes = { networks: 3, blocks: 30, txs: 2, logs: 2, symbols: 4, seconds: 5 };
      const [report, ...more] = await reportsOf(bench, { sizes, subjects, cases: [name], runs });

      expect(more).toEqual([]);
      expect(report?.verified.rows).toBe(rows);
      expect(report?.leftOut).toEqual([]);
      expect(new Set(report?.results.map(({ subject }) => subject))).toEqual(new Set(runs === 0 ? [] : subjects));
    },
    240_000,
  );
});
