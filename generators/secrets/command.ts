import { formatProblem } from '../../catalog/problem.ts';
import { parseOptions, runSafely, UsageError } from '../plan/command.ts';
import { formatOf } from '../plan/cost-command.ts';
import { alignTable } from '../plan/tables.ts';
import type { Output } from '../terminal.ts';
import { readGeneration } from '../workspace.ts';
import { type SecretEntry, secretEntriesOf } from './inventory.ts';

const help = `What the secret store of each cluster must hold: names alone, as no value is ever here.

  npm run catalog -- secrets --environment staging                 all clusters of staging
  npm run catalog -- secrets --environment staging --cluster defimon-analytics
  npm run catalog -- secrets --format json

A cluster reads the Vault mount defimon/<environment>/<cluster>: entry "postgresql" with key "url" is the field url of
defimon/staging/defimon-analytics/postgresql there.

Options
  --environment <name>   that environment alone
  --cluster <name>       that cluster alone
  --format <format>      text or json (default: text)
`;

/** Runs \`npm run catalog -- secrets\`. Returns the exit code: 0 done, 1 the catalog has errors, 2 wrong arguments. */
export function runSecrets(root: string, argv: readonly string[], out: Output, err: Output): number {
  return runSafely('secrets', err, () => {
    const { values } = parseOptions(argv, {
      environment: { type: 'string' },
      cluster: { type: 'string' },
      format: { type: 'string' },
    });
    if (values.help === true) {
      out.write(help);
      return 0;
    }
    const { environment, cluster } = values;
    const format = formatOf(values.format, ['text', 'json'] as const);
    const { generation, problems } = readGeneration(root, typeof environment === 'string' ? { environment } : {});
    for (const problem of problems) err.write(`${formatProblem(problem)}\n`);
    if (generation === undefined) return 1;
    const all = secretEntriesOf(generation.renderings.flatMap(({ apps }) => apps));
    const names = [...new Set(all.map((entry) => entry.cluster))].sort();
    if (cluster !== undefined && !names.includes(String(cluster))) {
      throw new UsageError(`there is no cluster ${String(cluster)}: take one of ${names.join(', ')}`);
    }
    const entries = all.filter((entry) => cluster === undefined || entry.cluster === cluster);
    out.write(format === 'json' ? `${JSON.stringify(entries, undefined, 2)}\n` : tableOf(entries));
    return 0;
  });
}

function tableOf(entries: readonly SecretEntry[]): string {
  const rows = entries.map(({ environment, cluster, entry, keys, readBy }) => [
    `${environment}/${cluster}`,
    entry,
    keys.join(', '),
    readBy.join(', '),
  ]);
  return alignTable(['cluster', 'entry', 'keys', 'read by'], rows)
    .map((line) => `${line}\n`)
    .join('');
}
