/** Something wrong in a file, at a place, with what to do about it. Lines and columns count from 1. */
export interface Problem {
  file: string;
  line: number;
  col: number;
  code: string;
  message: string;
  fix: string;
  severity: 'error' | 'warning';
}

/** `catalog/networks/base.yaml:7:11 CAT005 unknown owner "chian" — did you mean "chain"?` */
export function formatProblem(problem: Problem): string {
  const { file, line, col, code, message, fix, severity } = problem;
  const label = severity === 'warning' ? `${code} (warning)` : code;
  return `${file}:${line}:${col} ${label} ${message} — ${fix}`;
}

/** By file, line, column and code, so that two runs print the same text. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return [...problems].sort(
    (a, b) =>
      byText(a.file, b.file) ||
      a.line - b.line ||
      a.col - b.col ||
      byText(a.code, b.code) ||
      byText(a.message, b.message),
  );
}

/** The configuration must change before a retry can help. Its message holds every problem, one a line. */
export class CatalogError extends Error {
  override readonly name = 'CatalogError';
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const errors = problems.filter((problem) => problem.severity === 'error').length;
    const title = errors === 1 ? 'The catalog has an error:' : `The catalog has ${errors} errors:`;
    super([title, ...problems.map(formatProblem)].join('\n'));
    this.problems = problems;
  }
}
