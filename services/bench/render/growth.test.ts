import { describe, expect, it } from 'vitest';
import type { CaseReport } from '../harness.ts';
import { renderGrowth } from './growth.ts';

describe(renderGrowth.name, () => {
  it('gives the exponent of each subject in each series, from the catalog as it is on', () => {
    const text = renderGrowth(
      [
        report('1x', 100, { ours: 100, cdk8s: 50 }),
        report('pools-4x', 400, { ours: 100, cdk8s: 12.5 }),
        report('entries-4x', 100, { ours: 50 }),
      ],
      ['pools', 'entries'],
    );
    expect(text).toMatch(/pools +ours +1\.00 +1x 1\.00 s, 4x 4\.00 s\n/);
    expect(text).toMatch(/pools +cdk8s +2\.00 +1x 2\.00 s, 4x 32\.0 s\n/);
    expect(text).toMatch(/entries +ours +0\.50 +1x 1\.00 s, 4x 2\.00 s\n/);
    expect(text).not.toMatch(/entries +cdk8s/);
  });

  it('says nothing of a single size', () => {
    expect(renderGrowth([report('1x', 100, { ours: 100 })], ['pools', 'entries'])).toBe('');
  });
});

/** @param rates Objects a second, by subject. */
function report(name: string, objects: number, rates: Readonly<Record<string, number>>): CaseReport {
  const one = { name, summary: '', things: 'objects', cpuPer: 1, subjects: [] };
  const results = Object.entries(rates).map(([subject, median]) => ({
    ...{ subject, unit: 'objects/s', runs: 1, median, min: median, max: median },
    ...{ ratioToOurs: null, ratioToLimit: null },
  }));
  return { case: one, results, leftOut: [], verified: { rows: objects, digest: '' }, othersShareMax: 0 };
}
