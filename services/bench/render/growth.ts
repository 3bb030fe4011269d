import type { CaseReport } from '../harness.ts';
import { fitExponent } from './exponent.ts';

/** For each series and subject the exponent of time over size, from the cases `1x` and `<series>-<factor>x`. */
export function renderGrowth(reports: readonly CaseReport[], series: readonly string[]): string {
  const lines = series.flatMap((name) => {
    const points = reports.flatMap((report) => pointsOf(report, name));
    return [...Map.groupBy(points, ({ subject }) => subject)].flatMap(([subject, its]) => {
      const exponent = fitExponent(its);
      if (exponent === undefined) return [];
      const times = its.map(({ size, seconds }) => `${size}x ${seconds.toPrecision(3)} s`).join(', ');
      return [`  ${name.padEnd(8)} ${subject.padEnd(14)} ${exponent.toFixed(2).padStart(5)}   ${times}\n`];
    });
  });
  return lines.length === 0 ? '' : `\nSeconds ~ size^e, with e of\n${lines.join('')}`;
}

function pointsOf({ case: one, results, verified }: CaseReport, series: string) {
  const [, name = series, factor] = /^(?:(\w+)-)?(\d+)x$/.exec(one.name) ?? [];
  if (name !== series || factor === undefined) return [];
  return results
    .filter(({ unit }) => unit === `${one.things}/s`)
    .map(({ subject, median }) => ({ subject, size: Number(factor), seconds: verified.rows / median }));
}
