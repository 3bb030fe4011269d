import type { Result } from './statistics.ts';

/** What `--json` writes: one object a line. */
export function renderJsonLines(bench: string, caseName: string, results: readonly Result[]): string {
  return results
    .map(({ subject, unit, runs, median, min, max, ratioToOurs, ratioToLimit }) =>
      JSON.stringify({ bench, case: caseName, subject, unit, runs, median, min, max, ratioToOurs, ratioToLimit }),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** A table for people: a block a unit, columns aligned, figures with four significant digits. */
export function renderTable(results: readonly Result[]): string {
  const head = ['subject', 'unit', 'runs', 'median', 'min', 'max', '÷ ours', '÷ limit'];
  const groups = [...Map.groupBy(results, ({ unit }) => unit).values()].map((group) => group.map(cellsOf));
  const widths = head.map((title, column) =>
    Math.max(title.length, ...groups.flat().map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${[[head], ...groups].map((group) => group.map(line).join('\n')).join('\n\n')}\n`;
}

function cellsOf({ subject, unit, runs, median, min, max, ratioToOurs, ratioToLimit }: Result): string[] {
  return [
    subject,
    unit,
    String(runs),
    figure(median),
    figure(min),
    figure(max),
    ratio(ratioToOurs),
    ratio(ratioToLimit),
  ];
}

export function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

function figure(value: number): string {
  return Number(value.toPrecision(4)).toLocaleString('en', { maximumFractionDigits: 6 });
}

function ratio(value: number | null): string {
  return value === null ? '–' : value.toPrecision(3);
}
