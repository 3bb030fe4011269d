import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatProblem } from '../../catalog/problem.ts';
import { filesAt, findCommit, runGit } from '../promotion/git.ts';
import { isForTheUser, type Output } from '../terminal.ts';
import { CiError } from './ci-error.ts';
import { type Deliverable, deliver, deliverable } from './deliver.ts';
import { checkFresh } from './fresh.ts';
import { createGitlab } from './gitlab.ts';
import { createGithubMirror, type DeploymentNews, releaseNotesMax } from './mirror.ts';
import { putNote } from './note.ts';
import { writePlanReports } from './plan-reports.ts';
import { type EnvironmentState, renderReleaseNotes } from './release-notes.ts';
import { patience } from './retry.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** What a command has to do with. */
interface Job {
  readonly root: string;
  readonly env: Env;
  readonly log: (line: string) => void;
}

const help = `What GitLab's jobs do beside the project's own commands; see .gitlab-ci.yml. Each runs on a laptop too.

  npm run fresh -- [--patch FILE] [--held-in REV]
                                            generate --check; when stale, writes what is missing as a patch
  npm run plan -- --against REV             catalog diff in each of GitLab's formats: plan.md, plan.xml …
  npm run note -- --file plan.md            writes or updates the merge request's one plan note
  npm run deliver -- [options] SCRIPT …     runs release, promote or rollback on the newest commit of the branch, and pushes
      --dry-run                             shows the outcome, pushes nothing
      --plan FILE                           a dry run writes the outcome's name there; a real one refuses any other outcome
  npm run mirror -- ENVIRONMENT             tells the GitHub mirror of a deployment; of production also a release
`;

/** Runs one of them. @returns The exit code: 0 done, 1 something to correct, 2 wrong arguments. */
export async function runCi(
  root: string,
  argv: readonly string[],
  env: Env,
  out: Output,
  err: Output,
): Promise<number> {
  const job: Job = { root, env, log: (line) => out.write(`${line}\n`) };
  const [command = '', ...args] = argv;
  const run = new Map(Object.entries(commands)).get(command);
  if (run === undefined || args[0] === '--help') {
    (run === undefined ? err : out).write(help);
    return run === undefined ? 2 : 0;
  }
  try {
    return await run(job, args);
  } catch (error) {
    if (error instanceof CiError || isForTheUser(error)) {
      err.write(`error ${error.message}\n`);
      return 1;
    }
    // Of parseArgs: an unknown option, a missing value.
    if (error instanceof TypeError && String(Reflect.get(error, 'code')).startsWith('ERR_PARSE_ARGS')) {
      err.write(`${error.message}\n\n${help}`);
      return 2;
    }
    throw error;
  }
}

const commands: Readonly<Record<string, (job: Job, args: string[]) => Promise<number> | number>> = {
  fresh: runFresh,
  plan: runPlan,
  note: runNote,
  deliver: runDeliver,
  mirror: runMirror,
};

function runFresh({ root, env, log }: Job, args: string[]): number {
  const { values } = parseArgs({
    args,
    options: { patch: { type: 'string', default: 'stale-render.patch' }, 'held-in': { type: 'string' } },
  });
  const heldIn = values['held-in'];
  const whereIsIt = env.CI_JOB_URL === undefined ? 'here' : `${env.CI_JOB_URL}/artifacts/browse`;
  const checkArgs = heldIn === undefined ? [] : ['--held-in', heldIn];
  return checkFresh({ root, patch: values.patch, checkArgs, whereIsIt, env, log });
}

function runPlan({ root, log }: Job, args: string[]): number {
  const { values } = parseArgs({ args, options: { against: { type: 'string' } } });
  const { summary, problems } = writePlanReports(root, values.against);
  log(summary);
  for (const problem of problems) log(formatProblem(problem));
  return problems.some(({ severity }) => severity === 'error') ? 1 : 0;
}

async function runNote({ env, log }: Job, args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { file: { type: 'string' } } });
  const path = values.file ?? given('--file', undefined, 'the Markdown to post');
  const gitlab = createGitlab({
    apiUrl: needed(env, 'CI_API_V4_URL'),
    token: needed(env, 'PLAN_NOTE_TOKEN'),
    project: needed(env, 'CI_PROJECT_ID'),
    mergeRequest: needed(env, 'CI_MERGE_REQUEST_IID'),
  });
  const artifacts = env.CI_PIPELINE_URL;
  const elsewhere = artifacts === undefined ? 'The job "plan" has it.' : `[The job "plan" has it](${artifacts}).`;
  const { result, whole } = await putNote(gitlab, readText(path), elsewhere, patience);
  log(
    whole ? `The plan note: ${result}.` : `The plan is too long for a note: ${result} one that says where the plan is.`,
  );
  return 0;
}

function runDeliver({ root, env, log }: Job, args: string[]): number {
  // Ours stand before it; what follows is the script's.
  const script = args.map(findDeliverable).find((found) => found !== undefined);
  if (script === undefined) return given('SCRIPT', undefined, `one of ${deliverable.join(', ')}`);
  const at = args.indexOf(script);
  const { values } = parseArgs({
    args: args.slice(0, at),
    options: { 'dry-run': { type: 'boolean', default: false }, plan: { type: 'string' } },
  });
  const { plan, 'dry-run': dryRun } = values;
  const { DELIVERY_TOKEN: token, ...plain } = env;
  const outcome = deliver({
    root,
    script,
    args: args.slice(at + 1),
    remote: env.DELIVERY_REMOTE ?? 'origin',
    branch: env.CI_DEFAULT_BRANCH ?? 'main',
    dryRun,
    ...(plan === undefined || dryRun ? {} : { planned: readText(resolve(root, plan)).trim() }),
    remoteEnv: { ...plain, ...credentialsOf(token) },
    env: plain,
    log,
  });
  if (plan !== undefined && dryRun) writeFileSync(resolve(root, plan), `${outcome.name}\n`);
  return 0;
}

function findDeliverable(text: string): Deliverable | undefined {
  return deliverable.find((script) => script === text);
}

/** Git asks the helper when it needs a password: the token is in no URL, no argument and no file. */
function credentialsOf(token: string | undefined): Env {
  if (token === undefined || token === '') return { GIT_TERMINAL_PROMPT: '0' };
  const helper = '!f() { test "$1" = get && echo username=defimon-ci && echo "password=$DELIVERY_TOKEN"; }; f';
  return {
    GIT_TERMINAL_PROMPT: '0',
    DELIVERY_TOKEN: token,
    GIT_CONFIG_COUNT: '2',
    // An empty one drops the helpers of the machine.
    GIT_CONFIG_KEY_0: 'credential.helper',
    GIT_CONFIG_VALUE_0: '',
    GIT_CONFIG_KEY_1: 'credential.helper',
    GIT_CONFIG_VALUE_1: helper,
  };
}

async function runMirror({ root, env, log }: Job, args: string[]): Promise<number> {
  const { positionals } = parseArgs({ args, options: {}, allowPositionals: true });
  const environment = positionals[0] ?? given('ENVIRONMENT', undefined, 'staging or production');
  const { GITHUB_MIRROR_REPOSITORY: repository, GITHUB_TOKEN: token } = env;
  if (!repository || !token) {
    log('No GitHub mirror: GITHUB_MIRROR_REPOSITORY and GITHUB_TOKEN are not both set. Nothing to tell.');
    return 0;
  }
  const github = createGithubMirror({
    repository,
    token,
    apiUrl: env.GITHUB_API_URL ?? 'https://api.github.com',
    // A mirror is pushed to every few minutes at most; the job's after_script waits no longer than ten.
    patience: { ...patience, attemptsMax: 18 },
  });
  const state = stateOf(env.CI_JOB_STATUS ?? 'success');
  // A job that failed may have made a commit that nobody else has.
  const commit = runGit(root, ['rev-parse', state === 'success' ? 'HEAD' : (env.CI_COMMIT_SHA ?? 'HEAD')]).trim();
  const subject = runGit(root, ['log', '-1', '--format=%s', commit]).trim();
  const logUrl = env.CI_JOB_URL ?? '';
  await github.postDeployment({ environment, commit, state, description: subject, logUrl });
  log(`GitHub ${repository}: deployment of ${commit.slice(0, 8)} to ${environment} is ${state}.`);
  if (environment !== 'production' || state !== 'success') return 0;
  const before = findCommit(root, `${commit}^`);
  const notes = renderReleaseNotes(
    before === undefined ? new Map() : stateAt(root, before, environment),
    stateAt(root, commit, environment),
    releaseNotesMax,
  );
  if (notes === '') {
    log('The commit changes nothing that production runs: no release.');
    return 0;
  }
  const tag = `${environment}-${commit.slice(0, 12)}`;
  const result = await github.postRelease({ tag, commit, name: subject, notes });
  log(`GitHub ${repository}: release ${tag} ${result}.`);
  return 0;
}

/** GitLab's word for how a job ended, in its after_script, as GitHub's for a deployment. */
function stateOf(jobStatus: string): DeploymentNews['state'] {
  if (jobStatus === 'success') return 'success';
  return jobStatus === 'failed' ? 'failure' : 'error';
}

/** The locks in an environment's folder, not in its clusters'. */
function stateAt(root: string, commit: string, environment: string): EnvironmentState {
  const folder = `environments/${environment}/`;
  const files = filesAt(root, commit, [folder]).filter(({ path }) =>
    /^[^/]*\.lock\.(json|yaml)$/.test(nameIn(folder, path)),
  );
  return new Map(files.map(({ path, text }) => [nameIn(folder, path), text]));
}

function nameIn(folder: string, path: string): string {
  return path.slice(folder.length);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CiError(`${path} cannot be read: ${reason}; the job that writes it must have run before`);
  }
}

function needed(env: Env, name: string): string {
  return given(name, env[name], 'GitLab sets the CI_ ones in a merge request; README.md lists the others');
}

function given(name: string, value: undefined, what: string): never;
function given(name: string, value: string | undefined, what: string): string;
function given(name: string, value: string | undefined, what: string): string {
  if (value === undefined || value === '') throw new CiError(`${name} is not given: ${what}`);
  return value;
}
