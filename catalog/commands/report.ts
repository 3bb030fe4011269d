import { type Catalog, formatProblem, type Problem, readCatalog } from '../load.ts';
import { paint, type Terminal } from './terminal.ts';

/** Prints problems, one a line, the place in bold. */
export function printProblems(problems: readonly Problem[], { stderr }: Terminal): void {
  for (const problem of problems) {
    const text = formatProblem(problem);
    const place = `${problem.file}:${problem.line}:${problem.col}`;
    const style = problem.severity === 'error' ? 'red' : 'yellow';
    const rest = text.slice(place.length + 1);
    const code = rest.slice(0, problem.code.length);
    stderr.write(`${paint(stderr, 'bold', place)} ${paint(stderr, style, code)}${rest.slice(code.length)}\n`);
  }
}

/** The catalog of a folder, or undefined with its problems printed. */
export function readOrReport(dir: string, terminal: Terminal): Catalog | undefined {
  const { catalog, problems } = readCatalog(dir);
  if (catalog === undefined) printProblems(problems, terminal);
  return catalog;
}

/** `3 networks`, `1 pair`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
