import { spawnSync } from 'node:child_process';
import { digestOf } from '../../catalog/lock.ts';
import { parseImages } from '../images.ts';
import { belongsTo } from '../promotion/environment-files.ts';
import { findCommit, findTextAt, isAncestor, runGit } from '../promotion/git.ts';
import { CiError } from './ci-error.ts';

/** What may be delivered: the npm scripts that write the tree, and with --commit record it. */
export const deliverable = ['release', 'promote', 'rollback'] as const;
export type Deliverable = (typeof deliverable)[number];

export interface Delivery {
  readonly root: string;
  readonly script: Deliverable;
  /** Of the script. */
  readonly args: readonly string[];
  /** Where to fetch from and push to: a URL, or the name of a remote. */
  readonly remote: string;
  readonly branch: string;
  /** Shows the outcome and keeps it to oneself. */
  readonly dryRun: boolean;
  /** The outcome that was approved, as a dry run named it; any other is refused. */
  readonly planned?: string;
  /** Of git when it talks to the remote: how it authenticates. */
  readonly remoteEnv: Readonly<Record<string, string | undefined>>;
  /** Of everything else: without the credentials. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: (line: string) => void;
}

export interface Outcome {
  /** The commit that the branch now has; undefined when there was nothing to deliver. */
  readonly commit: string | undefined;
  /** A digest of production's files: equal outcomes have equal names. */
  readonly name: string;
}

/** Others push too, but not all the time. */
const attemptsMax = 5;

/**
 * Runs a script that writes the tree on the newest commit of the branch, not on the pipeline's own, which may be minutes or
 * weeks old, and pushes the commit it makes. When somebody else was faster, all begins anew from theirs: the script sees
 * what is really there, and nothing is ever merged or forced.
 *
 * The push asks for no pipeline (`ci.skip`): what it would check is what this one has just rendered, and a release that
 * started a pipeline that released would never end.
 */
export function deliver(delivery: Delivery): Outcome {
  const { root } = delivery;
  refuseDirty(root);
  const from = runGit(root, ['rev-parse', 'HEAD']).trim();
  const branch = runGit(root, ['branch', '--show-current']).trim();
  let outcome: Outcome | undefined;
  try {
    outcome = deliverFrom(delivery, from);
    return outcome;
  } finally {
    // Whoever goes on after a delivery stands on it; else all is as it was. There was nothing to lose by --force.
    if (outcome?.commit === undefined) runGit(root, ['checkout', '--quiet', '--force', branch || from]);
  }
}

function deliverFrom(delivery: Delivery, from: string): Outcome {
  const { root, branch, script, dryRun, log } = delivery;
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const tip = checkoutTip(delivery, from);
    const newer = script === 'release' ? findNewerRelease(root, tip, from) : undefined;
    if (newer !== undefined) {
      log(`${branch} has the image of ${newer} already, which is newer than this commit: nothing to release.`);
      return { commit: undefined, name: nameOf(root) };
    }
    runScript(delivery);
    refuseDirty(root);
    const commit = runGit(root, ['rev-parse', 'HEAD']).trim();
    const name = nameOf(root);
    if (commit === tip) {
      log(`Nothing to deliver: ${branch} at ${tip.slice(0, 8)} is as ${script} would make it.`);
      return { commit: undefined, name };
    }
    if (delivery.planned !== undefined && delivery.planned !== name) {
      throw new CiError(
        `${branch} has changed since the plan of this job was made (planned ${delivery.planned}, now ${name}), or POOL is ` +
          'another than it was: nothing was pushed. Look at a new plan: run the newest pipeline, or a new one with POOL',
      );
    }
    if (dryRun) {
      log(`A dry run: ${commit.slice(0, 8)} stays here. The outcome is ${name}.`);
      return { commit: undefined, name };
    }
    if (push(delivery, commit)) {
      log(`Pushed ${commit.slice(0, 8)} to ${branch}.`);
      return { commit, name };
    }
    log(`${branch} moved meanwhile: once more from its new end (${attempt} of ${attemptsMax}).`);
  }
  throw new CiError(
    `${branch} moved ${attemptsMax} times while this was pushed: nothing was delivered, run the job again`,
  );
}

function refuseDirty(root: string): void {
  const dirty = runGit(root, ['status', '--porcelain', '--untracked-files=no']).trim();
  if (dirty !== '') throw new CiError(`files are changed here, and would be lost: commit or restore them\n${dirty}`);
}

function checkoutTip(delivery: Delivery, from: string): string {
  const { root, remote, branch, log } = delivery;
  const fetched = talk(delivery, ['fetch', '--quiet', '--no-tags', remote, `refs/heads/${branch}`]);
  if (!fetched.ok) throw new CiError(`git fetch of ${branch}: ${fetched.said}; ${credentialsNeeded(branch)}`);
  const tip = runGit(root, ['rev-parse', 'FETCH_HEAD']).trim();
  if (!isAncestor(root, from, tip)) {
    throw new CiError(`${from.slice(0, 8)} is not in ${branch}: only what is merged is delivered`);
  }
  // The packages that are installed are those of this pipeline's commit.
  if (runGit(root, ['diff', '--name-only', from, tip, '--', 'package-lock.json']) !== '') {
    throw new CiError(`${branch} has other packages than ${from.slice(0, 8)}: run the job of the newest pipeline`);
  }
  if (tip !== from)
    log(`${branch} is at ${tip.slice(0, 8)}, ahead of this pipeline's ${from.slice(0, 8)}: going on from there.`);
  runGit(root, ['checkout', '--quiet', '--detach', tip]);
  return tip;
}

/** The commit of the image that staging holds, if it was built from a later commit than ours: pipelines overtake each other. */
function findNewerRelease(root: string, tip: string, ours: string): string | undefined {
  const path = 'environments/staging/images.lock.yaml';
  const { images } = parseImages(path, findTextAt(root, tip, path) ?? '');
  const commits = Object.values(images?.images ?? {}).map(({ tag }) => findCommit(root, tag));
  return commits.find((commit) => commit !== undefined && commit !== ours && isAncestor(root, ours, commit));
}

function runScript({ root, script, args, env }: Delivery): void {
  const { status, error } = spawnSync('npm', ['run', '--silent', script, '--', ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...env },
  });
  if (status !== 0)
    throw new CiError(`npm run ${script} ended with ${error?.message ?? String(status)}: nothing was pushed`);
}

/** Of all that is production's, whatever else moves on the branch. */
function nameOf(root: string): string {
  const listed = runGit(root, [
    'ls-tree',
    '-r',
    '-z',
    '--format=%(objectname) %(path)',
    'HEAD',
    '--',
    'environments',
    'argocd',
  ]);
  const ours = listed.split('\0').filter((line) => belongsTo('production', line.slice(line.indexOf(' ') + 1)));
  return digestOf(ours);
}

/** False when the branch has moved. */
function push(delivery: Delivery, commit: string): boolean {
  const { remote, branch } = delivery;
  const args = ['push', '--porcelain', '--push-option=ci.skip', remote, `${commit}:refs/heads/${branch}`];
  const { ok, said } = talk(delivery, args);
  if (ok) return true;
  // "[rejected]" is git's own word for a branch that moved; "[remote rejected]" is the other side's: protected, or a hook.
  if (/\[rejected\]|cannot lock ref/.test(said)) return false;
  throw new CiError(`git push to ${branch} was refused: ${said}\n${credentialsNeeded(branch)}`);
}

/** Runs git where it may show who we are. */
function talk({ root, remoteEnv }: Delivery, args: readonly string[]): { ok: boolean; said: string } {
  const { status, stdout, stderr, error } = spawnSync('git', args, {
    cwd: root,
    env: { ...remoteEnv },
    encoding: 'utf8',
  });
  return { ok: status === 0, said: error?.message ?? `${stderr}${stdout}`.trim() };
}

function credentialsNeeded(branch: string): string {
  return `DELIVERY_TOKEN needs the scope write_repository, and its user must be allowed to push to ${branch}`;
}
