import { describe, expect, it } from 'vitest';
import type { Bench, Subject } from './bench.ts';
import { ResultMismatch, runBench } from './harness.ts';
import type { CountingSettings } from './testing/counting-work.ts';
import { reportsOf } from './testing/reports-of.ts';

describe(runBench, () => {
  it('times every subject as often as asked, in turns', async () => {
    const log: string[] = [];
    const [report] = await reportsOf(benchOf(subject('a', 'ours'), subject('b', 'limit')), {
      runs: 2,
      log: (line) => log.push(line),
    });

    expect(report?.verified.rows).toBe(3);
    const speeds = report?.results.filter(({ unit }) => unit === 'rows/s');
    expect(speeds?.map(({ subject, runs }) => [subject, runs])).toEqual([
      ['a', 2],
      ['b', 2],
    ]);
    expect(log.filter((line) => line.includes(' run ')).map((line) => line.split(':')[1]?.trim())).toEqual([
      'run 1/2 a',
      'run 1/2 b',
      'run 2/2 a',
      'run 2/2 b',
    ]);
  });

  it('starts a process for each run', async () => {
    const [report] = await reportsOf(benchOf(subject('a', 'ours')), { runs: 2 });

    const pids = report?.results.find(({ unit }) => unit === 'process id');
    expect(pids?.min).not.toBe(pids?.max);
  });

  it('stops before timing and shows the first row that differs', async () => {
    const bench = benchOf(subject('a', 'ours'), subject('b', 'limit', { more: ['2b'] }));

    const error = await reportsOf(bench).catch((reason: unknown) => reason);

    expect(error).toBeInstanceOf(ResultMismatch);
    expect(String(error)).toContain('b and a differ, first at sorted row 2');
    expect(String(error)).toContain('a: 3\n');
    expect(String(error)).toContain('b: 2b');
  });

  it('times subjects that do what they can in a time, unless they must do the same', async () => {
    const bench = benchOf(subject('a', 'ours'), subject('b', 'limit', { doneInRun: 5 }));
    await expect(reportsOf(bench)).rejects.toThrow('only: b did 5 rows in run 1, not 3.');

    const [report] = await reportsOf({ ...bench, cases: bench.cases.map((one) => ({ ...one, forTime: true })) });

    expect(new Set(report?.results.map(({ unit }) => unit))).toEqual(
      new Set(['rows/s', 'CPU-s per 1 rows', 'process id']),
    );
  });

  it('tells which subject failed and why', async () => {
    const run = reportsOf(benchOf(subject('a', 'ours', { failure: 'no such luck' })));

    await expect(run).rejects.toThrow(/a failed: .*no such luck/);
  });

  it('leaves out a peer that fails before it is timed, with the reason, and goes on', async () => {
    const failing = subject('b', 'peer', { failure: 'no such luck' });
    const [report] = await reportsOf(benchOf(subject('a', 'ours'), failing));

    expect(report?.leftOut).toEqual([{ subject: 'b', reason: expect.stringContaining('no such luck') }]);
    expect(new Set(report?.results.map(({ subject }) => subject))).toEqual(new Set(['a']));
  });

  it('ends a subject that takes too long', async () => {
    const run = reportsOf(benchOf(subject('a', 'ours', { hang: true })), { timeoutSeconds: 1 });

    await expect(run).rejects.toThrow(/a ended without a result .*SIGKILL/);
  });

  it('leaves out a peer that cannot be installed, with the reason, and goes on', async () => {
    const [report] = await reportsOf(benchOf(subject('a', 'ours'), { ...subject('b', 'peer'), peer: 'no-such-peer' }));

    expect(report?.leftOut).toEqual([{ subject: 'b', reason: expect.stringContaining('no-such-peer') }]);
    expect(new Set(report?.results.map(({ subject }) => subject))).toEqual(new Set(['a']));
  });

  it('runs only the subjects asked for', async () => {
    const [report] = await reportsOf(benchOf(subject('a', 'ours'), subject('b', 'limit')), { subjects: ['b'] });

    expect(new Set(report?.results.map(({ subject }) => subject))).toEqual(new Set(['b']));
    expect(report?.results.every(({ ratioToOurs }) => ratioToOurs === null)).toBe(true);
  });
});

function subject(name: string, role: Subject['role'], settings: CountingSettings = {}): Subject {
  return { name, role, summary: '', module: new URL('testing/counting-work.ts', import.meta.url), settings };
}

function benchOf(...subjects: Subject[]): Bench {
  return {
    name: 'test',
    summary: '',
    sizes: {},
    cases: [{ name: 'only', summary: '', things: 'rows', cpuPer: 1, subjects }],
    open: async () => ({ inputOf: async () => ({ input: 3 }), close: async () => undefined }),
  };
}
