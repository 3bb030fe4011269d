import { changeOptions, parseArguments, runCommand, type Terminal, UsageError } from './carry-out.ts';
import { planRollback } from './rollback.ts';

const help = `Gives an environment the files it had at a commit, byte for byte: nothing is rendered anew.

  npm run rollback -- production                  to the state before its lock or images last changed
  npm run rollback -- production --to 1a2b3c4     to its state at that commit
  npm run rollback -- production --dry-run        show the plan, write nothing
  npm run rollback -- production --yes --commit   as CI: ask nobody, and commit what was written

Refused: a working tree with changes, a commit that has no such environment, an image that lacks a migration which
cannot be undone (-- irreversible: <reason> in its first line).
Where today's generators would render the old state differently, environments/<env>/rendered.lock.json keeps the tree as
it was until the next promotion. Exit code 0: done, or nothing to do; 1: refused; 2: wrong arguments.
`;

/** Runs `npm run rollback` in the project at `root`; see runCommand. */
export function runRollback(root: string, argv: readonly string[], terminal: Terminal): Promise<number> {
  return runCommand(root, argv, terminal, {
    help,
    parse: (args) => {
      const { values, positionals } = parseArguments({
        args: [...args],
        allowPositionals: true,
        options: { ...changeOptions, to: { type: 'string' } },
      });
      const [environment, ...rest] = positionals;
      if (environment === undefined || rest.length > 0) throw new UsageError('Name one environment.');
      const { to, ...flags } = values;
      return { request: { environment, ...(to === undefined ? {} : { to }) }, flags };
    },
    plan: planRollback,
    nothing: ({ environment, to }) =>
      `Nothing to roll back: ${environment} is as it was${to === undefined ? '' : ` in ${to}`}.`,
  });
}
