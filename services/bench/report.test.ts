import { describe, expect, it } from 'vitest';
import { renderJsonLines, renderTable } from './report.ts';
import type { Result } from './statistics.ts';

describe(renderJsonLines, () => {
  it('writes one object a line with the agreed keys', () => {
    const text = renderJsonLines('chain', 'anvil', [result({}), result({ subject: 'loop', ratioToLimit: null })]);

    expect(text.endsWith('\n')).toBe(true);
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        bench: 'chain',
        case: 'anvil',
        subject: 'ours',
        unit: 'blocks/s',
        runs: 3,
        median: 1234.56,
        min: 1000,
        max: 2000,
        ratioToOurs: 1,
        ratioToLimit: 0.8,
      },
      expect.objectContaining({ subject: 'loop', ratioToLimit: null }),
    ]);
  });
});

describe(renderTable, () => {
  it('aligns the columns, with a blank line between units', () => {
    const table = renderTable([
      result({}),
      result({ subject: 'loop', unit: 's', median: 0.012345, ratioToOurs: null }),
    ]);

    expect(table).toBe(
      [
        'subject  unit      runs   median    min    max  ÷ ours  ÷ limit',
        '',
        'ours     blocks/s     3    1,235  1,000  2,000    1.00    0.800',
        '',
        'loop     s            3  0.01235  1,000  2,000       –    0.800',
        '',
      ].join('\n'),
    );
  });
});

function result(some: Partial<Result>): Result {
  return {
    subject: 'ours',
    unit: 'blocks/s',
    runs: 3,
    median: 1234.56,
    min: 1000,
    max: 2000,
    ratioToOurs: 1,
    ratioToLimit: 0.8,
    ...some,
  };
}
