import type { Entry } from './load.ts';
import type { Problem } from './problem.ts';

export function checkRules(_entries: readonly Entry[], _broken: ReadonlySet<string>): Problem[] {
  return [];
}
