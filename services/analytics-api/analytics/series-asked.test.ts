import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketNames } from '../../contracts/analytics-answers.ts';
import { windowSeconds } from '../../datasets/chain/window-size.ts';
import { ProblemError, type ProblemPart } from '../../runtime/http-problem.ts';
import { pointsMax } from './asked.ts';
import { checkPoints, seriesMetricsOf, seriesRangeOf } from './series-asked.ts';

const nowMs = Date.UTC(2026, 0, 31, 10, 30, 15);

describe(seriesMetricsOf, () => {
  it('has the metrics in the order in which they are named', () => {
    expect(seriesMetricsOf('tps,activeSenders,blocks')).toEqual(['tps', 'activeSenders', 'blocks']);
  });

  it.each([
    ['tsp', 'there is no metric "tsp" of buckets: did you mean "tps"?'],
    ['tvlUsd', 'there is no metric "tvlUsd" of buckets'],
    ['tps,,blocks', 'an entry is empty'],
    ['tps,tps', 'twice'],
    [Array.from({ length: 21 }, (_, at) => `m${at}`).join(','), 'name at most 20'],
  ])('refuses %s', (metrics, detail) => {
    expect(refusalOf(() => seriesMetricsOf(metrics))).toMatchObject({
      parameter: 'metrics',
      detail: expect.stringContaining(detail),
    });
  });
});

describe(seriesRangeOf, () => {
  it('ends now and begins some buckets before, if nothing else is said', () => {
    expect(seriesRangeOf('minute', {}, nowMs)).toEqual(rangeOf('2026-01-31T09:31Z', '2026-01-31T10:31Z'));
    expect(seriesRangeOf('day', { to: '2026-01-11' }, nowMs)).toEqual(rangeOf('2025-10-13', '2026-01-11'));
    expect(seriesRangeOf('hour', { from: '2026-01-31T09:59:59Z' }, nowMs)).toEqual(
      rangeOf('2026-01-31T09:00Z', '2026-01-31T11:00Z'),
    );
    expect(seriesRangeOf('day', { to: '1' }, nowMs)).toEqual({ from: 0, to: 86_400 });
  });

  it('has the buckets that share a second with what is asked for, and no others', () => {
    const second = fc.integer({ min: 0, max: 4_294_944_000 });
    fc.assert(
      fc.property(fc.constantFrom(...bucketNames), second, second, (bucket, a, b) => {
        fc.pre(a !== b);
        const [from, to] = a < b ? [a, b] : [b, a];
        const range = seriesRangeOf(bucket, { from: String(from), to: new Date(to * 1000).toISOString() }, nowMs);
        const seconds = windowSeconds[bucket];
        expect([range.from % seconds, range.to % seconds]).toEqual([0, 0]);
        expect(range.from <= from && from < range.from + seconds).toBe(true);
        expect(range.to - seconds < to && to <= range.to).toBe(true);
      }),
    );
  });

  it.each([
    [{ from: '2026-02-30' }, 'from', 'is no time'],
    [{ to: 'yesterday' }, 'to', 'is no time'],
    [{ from: '2026-02-01' }, 'from', 'is not before now'],
    [{ from: '100', to: '100' }, 'from', 'is not before `to`, 100'],
    [{ from: '200', to: '100' }, 'from', 'begin earlier'],
    [{ to: '0' }, 'to', 'no time before'],
    [{ to: '9999-12-31' }, 'to', '2106-02-07'],
  ])('refuses %o', (given, parameter, detail) => {
    const refusal = refusalOf(() => seriesRangeOf('hour', given, nowMs));
    expect(refusal).toMatchObject({ parameter, detail: expect.stringContaining(detail) });
  });
});

describe(checkPoints, () => {
  it('lets through what an answer holds', () => {
    expect(() => checkPoints('minute', { from: 0, to: 60 * pointsMax }, 1, 1)).not.toThrow();
    expect(() => checkPoints('hour', { from: 0, to: 3600 * 100 }, 10, 10)).not.toThrow();
  });

  it('says how to ask for less', () => {
    expect(refusalOf(() => checkPoints('minute', { from: 0, to: 60 * 6000 }, 2, 1)).detail).toBe(
      '6000 buckets × 2 metrics × 1 network are 12000 points, of at most 10000: ask for at most 5000 minutes at once, for bucket=hour, or for fewer metrics or networks',
    );
    const years = { from: 0, to: 3600 * 24 * 3650 };
    expect(refusalOf(() => checkPoints('hour', years, 10, 3)).detail).toContain(
      'at most 333 hours at once, or for fewer metrics or networks',
    );
  });
});

function rangeOf(from: string, to: string) {
  return { from: Date.parse(from) / 1000, to: Date.parse(to) / 1000 };
}

function refusalOf(act: () => unknown): ProblemPart {
  try {
    act();
  } catch (error) {
    const [part] = error instanceof ProblemError ? (error.problem.errors ?? []) : [];
    if (part !== undefined) return part;
    throw error;
  }
  throw new Error('it was let through');
}
