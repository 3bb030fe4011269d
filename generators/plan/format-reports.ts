import { createHash } from 'node:crypto';
import type { Problem } from '../../catalog/problem.ts';
import { type TestCase, testSuites } from '../junit.ts';
import { causesText, clusterText } from './cell.ts';
import { dangerRules } from './danger-rules.ts';
import type { Danger, Plan } from './plan.ts';

/** The whole model, as one JSON document; its `version` says how to read it. */
export function renderJson(plan: Plan, against?: string): string {
  return `${JSON.stringify({ ...plan, ...(against === undefined ? {} : { against }) }, undefined, 2)}\n`;
}

/** One finding of GitLab's Code Quality report, which a merge request shows at its line. */
interface Finding {
  readonly description: string;
  readonly check_name: string;
  /** The same in every run of the same finding, whatever line it has come to stand at. */
  readonly fingerprint: string;
  readonly severity: 'info' | 'minor' | 'major' | 'critical' | 'blocker';
  readonly location: { readonly path: string; readonly lines: { readonly begin: number } };
}

/** Problems and dangers for `artifacts:reports:codequality`; a danger stands at the catalog entry that causes it. */
export function renderCodeQuality({ problems, dangers }: Plan): string {
  const findings = [...problems.map(findingOfProblem), ...dangers.map(findingOfDanger)];
  // GitLab drops what has the fingerprint of another.
  const seen = new Map<string, number>();
  const unique = findings.map((finding) => {
    const times = seen.get(finding.fingerprint) ?? 0;
    seen.set(finding.fingerprint, times + 1);
    return times === 0 ? finding : { ...finding, fingerprint: digestOf(finding.fingerprint, String(times)) };
  });
  return `${JSON.stringify(unique, undefined, 2)}\n`;
}

function findingOfProblem({ file, line, code, message, fix, severity }: Problem): Finding {
  return {
    description: `${message} — ${fix}`,
    check_name: code,
    fingerprint: digestOf(code, file, message),
    severity: severity === 'error' ? 'blocker' : 'minor',
    location: { path: file, lines: { begin: line } },
  };
}

function findingOfDanger(danger: Danger): Finding {
  const { code, identity, field = '', message, advice, path, severity, causes } = danger;
  const cause = causes.find(({ file }) => file !== undefined);
  return {
    description: `DANGER ${clusterText(danger)} ${identity}: ${message} — ${advice}`,
    check_name: code,
    fingerprint: digestOf(code, danger.environment, danger.cluster, identity, field),
    severity,
    location: { path: cause?.file ?? path, lines: { begin: cause?.line ?? 1 } },
  };
}

function digestOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex');
}

/** One test case a check for `artifacts:reports:junit`: the catalog, each rule of danger, and what waits. */
export function renderJunit(plan: Plan): string {
  const suites = [
    ['catalog', problemCases(plan)],
    ['danger', dangerCases(plan)],
    ['waits', plan.waits.map((wait) => ({ name: wait.split(':')[0] ?? wait, classname: 'waits', skipped: wait }))],
  ] as const;
  return testSuites('plan', suites);
}

function problemCases({ problems }: Plan): TestCase[] {
  if (problems.length === 0) return [{ name: 'the catalog holds', classname: 'catalog' }];
  return problems.map(({ file, line, col, code, message, fix, severity }) => {
    const text = `${file}:${line}:${col} ${message} — ${fix}`;
    const name = `${code} ${file}:${line}:${col}`;
    return severity === 'error'
      ? { name, classname: 'catalog', file, failure: [text] }
      : { name, classname: 'catalog', file, skipped: text };
  });
}

/** Nothing was looked at when the catalog cannot be rendered: no rule passes then. */
function dangerCases({ dangers, problems }: Plan): TestCase[] {
  if (problems.some(({ severity }) => severity === 'error')) return [];
  return Object.entries(dangerRules).map(([code, { title }]) => {
    const failure = dangers
      .filter((danger) => danger.code === code)
      .map((danger) => {
        const because = danger.causes.length === 0 ? '' : ` [${causesText(danger.causes)}]`;
        return `${clusterText(danger)} ${danger.identity}: ${danger.message} — ${danger.advice}${because}`;
      });
    return { name: `${code} ${title}`, classname: 'danger', ...(failure.length === 0 ? {} : { failure }) };
  });
}
