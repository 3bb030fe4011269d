import type { CaseReport } from './harness.ts';

/** What a figure is to reach: of one subject alone, or divided by that of another in the same unit. */
export interface Aim {
  readonly case: string;
  readonly unit: string;
  readonly subject: string;
  readonly over?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A line an aim that was measured: what it is, the figure, whether it is reached. */
export function renderAims(reports: readonly CaseReport[], aims: readonly Aim[]): string {
  const lines = aims.flatMap((aim) => {
    const report = reports.find((one) => one.case.name === aim.case);
    const medianOf = (subject: string) =>
      report?.results.find((result) => result.subject === subject && result.unit === aim.unit)?.median;
    const own = medianOf(aim.subject);
    const base = aim.over === undefined ? 1 : medianOf(aim.over);
    if (own === undefined || base === undefined || base === 0) return [];
    const figure = own / base;
    const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = aim;
    const reached = figure >= atLeast && figure <= atMost;
    const bound = aim.atMost === undefined ? `≥ ${aim.atLeast}` : `≤ ${Number(aim.atMost.toPrecision(3))}`;
    const over = aim.over === undefined ? '' : ` ÷ ${aim.over}`;
    const shown = Number(figure.toPrecision(3));
    return `  ${reached ? 'reached' : 'MISSED '}  ${aim.case}: ${aim.subject}${over}, ${aim.unit}: ${shown} (aim ${bound})\n`;
  });
  return lines.length === 0 ? '' : `\nAims:\n${lines.join('')}`;
}
