import { describe, expect, it } from 'vitest';
import { reportsOf } from '../testing/reports-of.ts';
import { bench } from './bench.ts';

describe('the render bench', () => {
  it('finds the same objects in our render, our emitter and cdk8s', async () => {
    const subjects = ['ours', 'stringify', 'emitter', 'cdk8s-memory'];
    const [report] = await reportsOf(bench, { sizes: { environments: 1 }, cases: ['1x'], subjects });

    expect(report?.verified.rows).toBeGreaterThan(700);
    expect(new Set(report?.results.map(({ subject }) => subject))).toEqual(new Set(subjects));
    expect(report?.results.find(({ unit }) => unit === 'one-pair edit ms')?.median).toBeGreaterThan(0);
  }, 300_000);
});
