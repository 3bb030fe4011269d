import { suggest } from '../nearest.ts';
import { rules } from '../rules.ts';
import { UsageError } from './arguments.ts';
import { paint, type Terminal } from './terminal.ts';

/** `rules`: what holds across files, and why; with a code, that rule alone. */
export function listRules(wanted: string | undefined, { stdout }: Terminal): number {
  const shown = wanted === undefined ? rules : rules.filter(({ code }) => code === wanted.toUpperCase());
  if (wanted !== undefined && shown.length === 0) {
    const codes = rules.map(({ code }) => code);
    throw new UsageError(`no rule "${wanted}": ${suggest(wanted, codes)}`);
  }
  for (const { code, rule, why } of shown) {
    stdout.write(`${paint(stdout, 'bold', code)}  ${rule}\n        ${paint(stdout, 'dim', `because ${why}`)}\n`);
  }
  return 0;
}
