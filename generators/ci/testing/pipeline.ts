import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { copyProject, projectRoot } from './project-copy.ts';

const require = createRequire(import.meta.url);

const host = 'https://gitlab.example';
const project = 'highfunk/defimon';

/** A checkout as a runner has it, of a GitLab whose repository is a folder on this disk. */
export interface Checkout {
  readonly root: string;
  git(...args: string[]): string;
  /** Of the repository that GitLab has. */
  origin(...args: string[]): string;
  npm(...args: string[]): string;
  /** Commits all that stands in the checkout. @returns the commit */
  commit(subject: string): string;
}

export interface Finished {
  readonly ok: boolean;
  /** Of all jobs, each line with its job's name before it. */
  readonly log: string;
}

/** Clones the project with its history, and commits what is not committed yet; packages are linked. Its render is fresh. */
export function checkOut(folder: string): Checkout {
  const root = join(folder, 'builds');
  const bare = join(folder, `${project}.git`);
  mkdirSync(dirname(bare), { recursive: true });
  const run = (cwd: string, command: string, args: readonly string[]): string =>
    execFileSync(command, args, {
      cwd,
      env: envOf(folder),
      encoding: 'utf8',
      stdio: 'pipe',
      maxBuffer: 64 * 1024 * 1024,
    }).trim();
  const git = (...args: string[]): string => run(root, 'git', args);
  const npm = (...args: string[]): string => run(root, 'npm', ['run', '--silent', ...args]);
  const commit = (subject: string): string => {
    git('add', '--all');
    git('commit', '--quiet', '--allow-empty', '-m', subject);
    return git('rev-parse', 'HEAD');
  };

  run(folder, 'git', ['clone', '--quiet', '--no-checkout', `file://${projectRoot}`, root]);
  git('config', 'user.name', 'Test');
  git('config', 'user.email', 'test@example.org');
  writeFileSync(join(root, '.git/info/exclude'), '/node_modules\n/.gitlab-ci-local\n');
  copyProject(root);
  symlinkSync(join(projectRoot, 'node_modules'), join(root, 'node_modules'));
  // The branch `main` at the project's commit, with the files that were just copied.
  git('update-ref', 'refs/heads/main', 'HEAD');
  git('symbolic-ref', 'HEAD', 'refs/heads/main');
  git('reset', '--quiet');
  npm('generate');
  commit('As it stands');
  run(folder, 'git', ['clone', '--quiet', '--bare', root, bare]);
  run(bare, 'git', ['config', 'receive.advertisePushOptions', 'true']);
  // What is a URL to every job is that folder to git.
  git('config', `url.${folder}/.insteadOf`, `${host}/`);
  git('remote', 'set-url', 'origin', `${host}/${project}.git`);
  git('fetch', '--quiet', 'origin', '+refs/heads/*:refs/remotes/origin/*');
  git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/main');
  return { root, git, npm, commit, origin: (...args) => run(bare, 'git', args) };
}

/** GitLab's variables of a merge request against `base`. */
export function mergeRequestOf(base: string): Record<string, string | undefined> {
  return {
    CI_PIPELINE_SOURCE: 'merge_request_event',
    CI_COMMIT_BRANCH: undefined,
    CI_MERGE_REQUEST_IID: '3',
    CI_MERGE_REQUEST_DIFF_BASE_SHA: base,
    CI_PROJECT_ID: '7',
    CI_MERGE_REQUEST_SOURCE_PROJECT_ID: '7',
  };
}

/**
 * Runs jobs of .gitlab-ci.yml through gitlab-ci-local, in the checkout and without containers. An undefined variable is
 * unset. `npm ci` is left out: the packages are linked.
 */
export function runJobs(
  { root }: Checkout,
  jobs: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): Promise<Finished> {
  // What another pipeline of this checkout left behind.
  rmSync(join(root, '.gitlab-ci-local'), { recursive: true, force: true });
  return runLocal(root, jobs, { ...variables, INSTALL: 'true' });
}

/** The jobs that a pipeline with these variables has, by name, and what starts them: `on_success`, `manual`. */
export async function listJobs(
  { root }: Checkout,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, string>> {
  const { ok, log } = await runLocal(root, ['--list-csv'], variables);
  const lines = log.split('\n');
  const header = lines.findIndex((line) => line.startsWith('name;'));
  if (!ok || header < 0) throw new Error(log);
  const rows = lines.slice(header + 1).filter((line) => line.includes(';'));
  return Object.fromEntries(rows.map((line) => line.split(';')).map(([name = '', , when = '']) => [name, when]));
}

function runLocal(
  root: string,
  args: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): Promise<Finished> {
  const program = require.resolve('gitlab-ci-local/dist/index.js');
  const all = { CI_SERVER_URL: host, CI_PROJECT_PATH: project, ...variables };
  const settings = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? ['--unset-variable', name] : ['--variable', `${name}=${value}`],
  );
  const quiet = ['--ignore-predefined-vars', Object.keys(all).join(','), '--no-color'];
  const child = spawn(process.execPath, [program, '--force-shell-executor', ...quiet, ...settings, ...args], {
    cwd: root,
    env: envOf(dirname(root)),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (log += chunk.toString('utf8')));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ ok: status === 0, log }));
  });
}

/** Nothing of this machine's settings, nor of the test runner's; but what is compiled already need not be compiled again. */
function envOf(home: string): NodeJS.ProcessEnv {
  const { PATH, TMPDIR, NODE_COMPILE_CACHE } = process.env;
  return {
    ...{ PATH, TMPDIR, NODE_COMPILE_CACHE },
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    NO_COLOR: '1',
    npm_config_update_notifier: 'false',
  };
}
