import { formatProblem } from '../../catalog/problem.ts';
import { parseOptions, runSafely } from '../plan/command.ts';
import { formatOf } from '../plan/cost-command.ts';
import { writeReport } from '../plan/repository.ts';
import type { Output } from '../terminal.ts';
import { readGeneration } from '../workspace.ts';
import { checkPolicy, policyRules } from './check.ts';
import { renderPolicyJunit, renderPolicyText } from './format.ts';

const help = `Holds everything that is rendered against the rules of generators/policy.

  npm run catalog -- policy                       all environments; exit 1 if a rule is broken
  npm run catalog -- policy --rules               the rules, and why each is there
  npm run catalog -- policy --format junit --output policy.xml

Options
  --environment <name>   that environment alone
  --format <format>      text, json or junit (default: text)
  --output <file>        write it there instead of showing it

A rule that an object may break is excused in the catalog, with its reason: exceptions: [{ rule, object, reason }] on a
pool, service or component.
`;

/** Runs \`npm run catalog -- policy\`. Returns the exit code: 0 all rules hold, 1 some do not, 2 wrong arguments. */
export function runPolicy(root: string, argv: readonly string[], out: Output, err: Output): number {
  return runSafely('policy', err, () => {
    const { values } = parseOptions(argv, {
      environment: { type: 'string' },
      format: { type: 'string' },
      output: { type: 'string' },
      rules: { type: 'boolean' },
      help: { type: 'boolean' },
    });
    if (values.help === true) return show(out, help);
    if (values.rules === true) {
      return show(out, policyRules.map(({ code, rule, why }) => `${code}  ${rule}\n        ${why}\n`).join(''));
    }
    const { environment, output } = values;
    const render = renders[formatOf(values.format, ['text', 'json', 'junit'])];
    const { generation, problems } = readGeneration(root, typeof environment === 'string' ? { environment } : {});
    for (const problem of problems) err.write(`${formatProblem(problem)}\n`);
    if (generation === undefined) return 1;
    const found = checkPolicy(generation.renderings);
    // What one environment does not need, another may.
    const report = environment === undefined ? found : { ...found, unneeded: [] };
    if (typeof output === 'string') writeReport(root, output, render(report, { write: () => {} }));
    else out.write(render(report, out));
    return report.violations.length + report.unneeded.length === 0 ? 0 : 1;
  });
}

type Render = (report: ReturnType<typeof checkPolicy>, out: Output) => string;

const renders: Readonly<Record<'text' | 'json' | 'junit', Render>> = {
  text: renderPolicyText,
  json: (report) => `${JSON.stringify(report, undefined, 2)}\n`,
  junit: renderPolicyJunit,
};

function show(out: Output, text: string): number {
  out.write(text);
  return 0;
}
