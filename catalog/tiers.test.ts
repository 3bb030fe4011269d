import { describe, expect, it } from 'vitest';
import { tierOf, tierOfService } from './tiers.ts';

describe(tierOf.name, () => {
  it.each([
    [10, 1, 'critical'],
    [8, 1, 'critical'],
    [7, 1, 'standard'],
    [6, 2, 'standard'],
    [5, 1, 'background'],
    [10, 2, 'standard'],
    [10, 3, 'background'],
  ] as const)('of priority %i in phase %i is %s', (priority, phase, tier) => {
    expect(tierOf({ priority, phase })).toBe(tier);
  });
});

describe(tierOfService.name, () => {
  it('is critical where callers wait, background where a run can wait, and standard else', () => {
    const routes = [{ path: '/', port: 'http', auth: 'none' as const }];
    const nightly = { kind: 'cronjob' as const, schedule: '30 2 * * *', deadlineMinutes: 60 };
    expect(tierOfService({ routes })).toBe('critical');
    expect(tierOfService({ routes: [], workload: nightly })).toBe('background');
    expect(tierOfService({ routes: [] })).toBe('standard');
  });
});
