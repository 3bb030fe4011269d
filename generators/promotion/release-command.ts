import { changeOptions, parseArguments, runCommand, type Terminal, UsageError } from './carry-out.ts';
import { requireCleanCheckout } from './preconditions.ts';
import { refuse } from './refusal.ts';
import { planRelease, type ReleaseRequest } from './release.ts';

const help = `Writes an image that was just built into images.lock.yaml of what follows the catalog, and renders it.

  npm run release -- --image defimon --tag 0.2.0 --digest sha256:…
                                                  dev and staging
  npm run release -- --image defimon --tag 0.2.0 --digest sha256:… --environment dev
                                                  that environment alone; may be given several times
  npm run release -- --image defimon --tag 0.2.0 --digest sha256:… --check
                                                  write nothing; exit 1 if it is not released yet
  npm run release -- … --yes --commit             as CI: ask nobody, and commit what was written

Records beside the image which of its SQL migrations cannot be undone. Production changes by promotion alone.
Exit code 0: done, or nothing to do; 1: refused; 2: wrong arguments.
`;

/** Runs `npm run release` in the project at `root`; see runCommand. */
export function runRelease(root: string, argv: readonly string[], terminal: Terminal): Promise<number> {
  return runCommand<ReleaseRequest & { check: boolean }>(root, argv, terminal, {
    help,
    parse: (args) => {
      const { values } = parseArguments({
        args: [...args],
        options: {
          ...changeOptions,
          check: { type: 'boolean', default: false },
          digest: { type: 'string' },
          environment: { type: 'string', multiple: true, default: [] },
          image: { type: 'string' },
          tag: { type: 'string' },
        },
      });
      const { image, tag, digest, environment, check, ...flags } = values;
      if (image === undefined || tag === undefined || digest === undefined) {
        throw new UsageError('Give --image, --tag and --digest.');
      }
      if (check && flags.commit) throw new UsageError('--commit writes, and --check never does: give one of them.');
      return { request: { image, tag, digest, environments: environment, check }, flags };
    },
    plan: (place, request, flags) => {
      if (flags.commit) requireCleanCheckout(place);
      const change = planRelease(place, request);
      if (change === undefined || !request.check) return change;
      const paths = change.changes.map(({ path }) => path);
      const more = paths.length > 1 ? ` and ${paths.length - 1} more` : '';
      return refuse(
        paths[0] ?? '',
        `is not what ${request.image} ${request.tag} makes of it${more}`,
        'run it without --check, and commit',
      );
    },
    nothing: ({ image, tag }) => `Nothing to release: ${image} ${tag} runs already.`,
  });
}
