import { describe, expect, it } from 'vitest';
import { installPeer, PeerUnavailable } from '../peers.ts';
import { reportsOf } from '../testing/reports-of.ts';
import { bench } from './bench.ts';

const subjects = ['ours', 'bare'];
const sizes = { blocks: 130, txs: 2, connections: 2, seconds: 2 };
const generatorMissing = await installPeer('autocannon', () => undefined).catch((error: unknown) => {
  if (error instanceof PeerUnavailable) return error;
  throw error;
});

describe.skipIf(generatorMissing !== undefined)('the api bench (skipped where autocannon cannot be installed)', () => {
  it('finds the same answers by our API and by the bare route, in every case', async () => {
    const reports = await reportsOf(bench, { sizes, subjects, runs: 0 });

    expect(reports.map((report) => report.case.name)).toEqual(bench.cases.map(({ name }) => name));
    const rows = new Map(reports.map((report) => [report.case.name, report.verified.rows]));
    expect(rows.get('list')).toBeGreaterThan(2000);
    expect(rows.get('blocks')).toBeGreaterThan(1500);
    expect(rows.get('blocks-304')).toBe(1);
  }, 400_000);

  it('asks for a time, and tells how long answers take', async () => {
    const [report] = await reportsOf(bench, { sizes, subjects, cases: ['blocks-304'] });
    const figures = (unit: string) => report?.results.filter((result) => result.unit === unit) ?? [];

    for (const unit of ['requests/s', 'p99 ms', 'bytes an answer']) {
      expect(figures(unit).map(({ subject }) => subject)).toEqual(subjects);
      for (const { median } of figures(unit)) expect(median).toBeGreaterThan(0);
    }
    expect(figures('requests/s with start-up')).toEqual([]);
    expect(bench.conclude?.(report === undefined ? [] : [report])).toBe('');
  }, 400_000);
});
