import { describe, expect, it } from 'vitest';
import { reportsOf } from '../testing/reports-of.ts';
import { bench } from './bench.ts';

describe('the ingest bench', () => {
  it('brings the same rows into the table by the collector, its recorder, COPY and INSERT', async () => {
    const subjects = ['ours', 'copy', 'insert', 'recorder'];
    const sizes = { rows: 1500, symbols: 5, seconds: 1 };
    const [report, ...more] = await reportsOf(bench, { sizes, subjects, cases: ['socket'], runs: 0 });

    expect(more).toEqual([]);
    expect(report?.verified.rows).toBe(1500);
    expect(report?.leftOut).toEqual([]);
  }, 240_000);

  it('loses and doubles no row at a steady pace', async () => {
    const sizes = { rows: 1, symbols: 5, seconds: 2 };
    const reports = await reportsOf(bench, { sizes, cases: ['steady'] });
    const figures = new Map(reports[0]?.results.map(({ unit, median }) => [unit, median]));

    expect(figures.get('rows lost')).toBe(0);
    expect(figures.get('rows doubled')).toBe(0);
    expect(figures.get('received → durable ms, p99')).toBeGreaterThan(0);
  }, 240_000);
});
