import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readEnvironment } from '../environment.ts';
import { type Catalog, type Problem, readCatalog } from '../load.ts';
import { renderLock } from '../lock.ts';
import { rules } from '../rules.ts';
import { count, printProblems } from './report.ts';
import { paint, type Terminal } from './terminal.ts';

/** `validate`: every problem of the catalog, and of the environments beside it once the catalog holds. */
export function validate(dir: string, terminal: Terminal): number {
  const start = performance.now();
  const { catalog, problems } = readCatalog(dir);
  const environments = catalog === undefined ? [] : environmentFiles(dir);
  if (catalog !== undefined) {
    for (const file of environments) problems.push(...readEnvironment(file, catalog).problems);
  }
  printProblems(problems, terminal);
  const errors = problems.filter(({ severity }) => severity === 'error');
  const { stdout, stderr } = terminal;
  if (errors.length > 0 || catalog === undefined) {
    stderr.write(`\n${paint(stderr, 'red', count(errors.length, 'error'))} in ${countFiles(errors)}\n`);
    return 1;
  }
  const elapsedMs = Math.round(performance.now() - start);
  stdout.write(`${paint(stdout, 'green', 'valid')} ${summarize(catalog)}\n`);
  stdout.write(`${rules.length} rules, ${count(environments.length, 'environment')}, ${elapsedMs} ms\n`);
  stdout.write(`${renderLock(catalog).digest}\n`);
  return 0;
}

/** environments/<name>/environment.yaml, in the folder beside the catalog. */
function environmentFiles(dir: string): string[] {
  const root = join(dir, '..', 'environments');
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .sort()
    .map((name) => join(root, name, 'environment.yaml'))
    .filter((file) => existsSync(file));
}

function summarize(catalog: Catalog): string {
  return Object.entries(catalog)
    .map(([key, entries]: [string, readonly object[]]) =>
      entries.length === 1 ? `1 ${key.slice(0, -1)}` : `${entries.length} ${key}`,
    )
    .join(', ');
}

function countFiles(problems: readonly Problem[]): string {
  return count(new Set(problems.map(({ file }) => file)).size, 'file');
}
