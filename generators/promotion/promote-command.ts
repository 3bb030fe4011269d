import { changeOptions, parseArguments, runCommand, type Terminal, UsageError } from './carry-out.ts';
import { planPromotion } from './promote.ts';

const help = `Gives an environment the catalog and the images that another one holds, as one snapshot, and renders it.

  npm run promote -- staging production               show the plan, ask, then write
  npm run promote -- staging production --dry-run     show the plan, write nothing
  npm run promote -- staging production --pool market
                                                      that pool alone, ahead of the others
  npm run promote -- staging production --yes --commit
                                                      as CI: ask nobody, and commit what was written

Refused: a working tree with changes, a stale render, a lock that was never committed, an image that lacks a migration
which cannot be undone. Exit code 0: done, or nothing to promote; 1: refused; 2: wrong arguments.
`;

/** Runs `npm run promote` in the project at `root`; see runCommand. */
export function runPromote(root: string, argv: readonly string[], terminal: Terminal): Promise<number> {
  return runCommand(root, argv, terminal, {
    help,
    parse: (args) => {
      const { values, positionals } = parseArguments({
        args: [...args],
        allowPositionals: true,
        options: { ...changeOptions, pool: { type: 'string' } },
      });
      const [source, target, ...rest] = positionals;
      if (source === undefined || target === undefined || rest.length > 0) {
        throw new UsageError('Name two environments: the source, then the target.');
      }
      const { pool, ...flags } = values;
      return { request: { source, target, ...(pool === undefined ? {} : { pool }) }, flags };
    },
    plan: planPromotion,
    nothing: ({ source, target, pool }) =>
      `Nothing to promote: ${pool === undefined ? target : `pool ${pool} of ${target}`} holds what ${source} holds.`,
  });
}
