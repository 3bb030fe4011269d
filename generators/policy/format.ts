import { testSuites } from '../junit.ts';
import { type Output, paint } from '../terminal.ts';
import { type PolicyReport, policyRules, type Violation } from './check.ts';

/** What the rules found, for people: broken rules first, then what is excused and why. */
export function renderPolicyText({ violations, excused, unneeded }: PolicyReport, out: Output): string {
  const broken = [...Map.groupBy(violations, ({ code }) => code)].flatMap(([code, found]) => {
    const rule = policyRules.find((one) => one.code === code);
    return [
      `${paint(out, 'red', code)} ${paint(out, 'bold', rule?.rule ?? '')}`,
      `  ${paint(out, 'dim', `why: ${rule?.why ?? ''} — ${rule?.fix ?? ''}`)}`,
      ...groupsOf(found),
    ];
  });
  const allowed = [...Map.groupBy(excused, ({ by, code, reason }) => `${code} by ${by}: ${reason}`)].flatMap(
    ([title, found]) => [`${paint(out, 'yellow', 'excused')} ${title}`, ...groupsOf(found)],
  );
  const idle = unneeded.map(
    ({ by, rule, object }) =>
      `${paint(out, 'red', 'unneeded')} ${by} excuses ${object} from ${rule}, which it keeps: remove it`,
  );
  const count = violations.length + unneeded.length;
  const sum = `${policyRules.length} rules, ${count === 0 ? 'none broken' : `${count} violations`}, ${excused.length} excused`;
  return [...broken, ...allowed, ...idle, sum].map((line) => `${line}\n`).join('');
}

/** One test case a rule, for `artifacts:reports:junit`. */
export function renderPolicyJunit({ violations, excused, unneeded }: PolicyReport): string {
  const cases = policyRules.map(({ code, rule }) => {
    const broken = violations.filter((one) => one.code === code).map(lineOf);
    const idle = unneeded
      .filter((one) => one.rule === code)
      .map(({ by, object }) => `${by} excuses ${object} for nothing`);
    const allowed = excused.filter((one) => one.code === code);
    return {
      name: `${code} ${rule}${allowed.length === 0 ? '' : ` (${allowed.length} excused)`}`,
      classname: 'policy',
      ...(broken.length + idle.length === 0 ? {} : { failure: [...broken, ...idle] }),
    };
  });
  return testSuites('policy', [['policy', cases]]);
}

/** Equal findings in several places are one line with how many there are. */
function groupsOf(found: readonly Violation[]): string[] {
  return [...Map.groupBy(found, ({ object, detail }) => `${object} ${detail}`)].map(([what, places]) => {
    const where = places.map(({ environment, cluster }) => `${environment}/${cluster}`);
    const [first = ''] = where;
    const more = where.length === 1 ? '' : ` and ${where.length - 1} more`;
    const sources = places[0]?.sources.slice(0, 3).join(', ');
    return `  ${what} (${first}${more}; from ${sources})`;
  });
}

function lineOf({ environment, cluster, object, detail, fix }: Violation): string {
  return `${environment}/${cluster} ${object} ${detail} — ${fix}`;
}
