import { dirname, join } from 'node:path';
import { runCatalog } from '../catalog/commands/run.ts';
import { runDiff } from './plan/command.ts';
import { runCost } from './plan/cost-command.ts';
import { runExplain } from './plan/explain-command.ts';
import { runImpact } from './plan/impact-command.ts';
import { runPolicy } from './policy/command.ts';
import { runSecrets } from './secrets/command.ts';
import type { Output } from './terminal.ts';

/** What needs the rendered tree, or git. Everything else asks the catalog alone. */
const commands: Readonly<Record<string, (root: string, argv: readonly string[], out: Output, err: Output) => number>> =
  {
    diff: runDiff,
    explain: runExplain,
    impact: runImpact,
    cost: runCost,
    policy: runPolicy,
    secrets: runSecrets,
  };

// Whoever reads us may stop early: "list pairs | head".
process.stdout.on('error', (error: Error & { code?: string }) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const root = dirname(import.meta.dirname);
const [name = '', ...argv] = process.argv.slice(2);
const command = commands[name];
process.exitCode =
  command === undefined
    ? await runCatalog(process.argv.slice(2), {
        dir: join(root, 'catalog'),
        stdin: process.stdin,
        stdout: process.stdout,
        stderr: process.stderr,
      })
    : command(root, argv, process.stdout, process.stderr);
