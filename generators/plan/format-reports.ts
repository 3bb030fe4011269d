import { createHash } from 'node:crypto';
import type { Problem } from '../../catalog/problem.ts';
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

interface TestCase {
  readonly name: string;
  readonly classname: string;
  readonly file?: string;
  /** Why it fails. */
  readonly failure?: readonly string[];
  /** What it waits for. */
  readonly skipped?: string;
}

/** One test case a check for `artifacts:reports:junit`: the catalog, each rule of danger, and what waits. */
export function renderJunit(plan: Plan): string {
  const suites = [
    ['catalog', problemCases(plan)],
    ['danger', dangerCases(plan)],
    ['waits', plan.waits.map((wait) => ({ name: wait.split(':')[0] ?? wait, classname: 'waits', skipped: wait }))],
  ] as const;
  const lines = suites.filter(([, cases]) => cases.length > 0).flatMap(([name, cases]) => suiteLines(name, cases));
  return ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites name="plan">', ...lines, '</testsuites>', ''].join(
    '\n',
  );
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

function suiteLines(name: string, cases: readonly TestCase[]): string[] {
  const failures = cases.filter(({ failure }) => failure !== undefined).length;
  const skipped = cases.filter((test) => test.skipped !== undefined).length;
  return [
    `  <testsuite name="${escapeXml(name)}" tests="${cases.length}" failures="${failures}" skipped="${skipped}">`,
    ...cases.flatMap(caseLines),
    '  </testsuite>',
  ];
}

function caseLines({ name, classname, file, failure, skipped }: TestCase): string[] {
  const place = file === undefined ? '' : ` file="${escapeXml(file)}"`;
  const head = `    <testcase classname="${classname}" name="${escapeXml(name)}"${place}`;
  if (failure !== undefined) {
    const [first = ''] = failure;
    const text = escapeXml(failure.join('\n'));
    return [`${head}>`, `      <failure message="${escapeXml(first)}">${text}</failure>`, '    </testcase>'];
  }
  if (skipped === undefined) return [`${head}/>`];
  return [`${head}>`, `      <skipped message="${escapeXml(skipped)}"/>`, '    </testcase>'];
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '?');
}
