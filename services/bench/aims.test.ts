import { describe, expect, it } from 'vitest';
import { renderAims } from './aims.ts';
import type { CaseReport } from './harness.ts';

const unit = 'messages/s';

describe(renderAims, () => {
  it('says of each aim what was measured and whether it is reached', () => {
    const reports = [reportOf('spot', { ours: 80, parse: 100, ccxt: 10 })];
    const aim = { case: 'spot', unit, subject: 'ours' };
    const text = renderAims(reports, [
      { ...aim, over: 'parse', atLeast: 0.7 },
      { ...aim, over: 'ccxt', atLeast: 10 },
      { ...aim, atMost: 80 },
    ]);
    expect(text).toContain('reached  spot: ours ÷ parse, messages/s: 0.8 (aim ≥ 0.7)');
    expect(text).toContain('MISSED   spot: ours ÷ ccxt, messages/s: 8 (aim ≥ 10)');
    expect(text).toContain('reached  spot: ours, messages/s: 80 (aim ≤ 80)');
  });

  it('is silent about what was not measured', () => {
    const reports = [reportOf('spot', { ours: 80 })];
    const aim = { case: 'spot', unit, subject: 'ours', atLeast: 1 };
    expect(
      renderAims(reports, [
        { ...aim, over: 'parse' },
        { ...aim, case: 'usdm' },
      ]),
    ).toBe('');
  });
});

function reportOf(name: string, medians: Readonly<Record<string, number>>): CaseReport {
  const results = Object.entries(medians).map(([subject, median]) => ({
    subject,
    unit,
    runs: 1,
    median,
    min: median,
    max: median,
    ratioToOurs: null,
    ratioToLimit: null,
  }));
  const one = { name, summary: '', things: 'messages', cpuPer: 1, subjects: [] };
  return { case: one, results, leftOut: [], verified: { rows: 0, digest: '' }, othersShareMax: 0 };
}
