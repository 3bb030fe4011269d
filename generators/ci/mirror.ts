import { Octokit } from '@octokit/rest';
import Type from 'typebox';
import { parseAnswer } from './answer.ts';
import { CiError } from './ci-error.ts';
import { type Patience, type Refusal, withRetries } from './retry.ts';

export interface GithubOptions {
  /** `owner/name` of the mirror. */
  readonly repository: string;
  readonly token: string;
  /** `https://api.github.com`, or a GitHub Enterprise's `https://host/api/v3`. */
  readonly apiUrl: string;
  readonly patience: Patience;
}

export interface DeploymentNews {
  readonly environment: string;
  /** The commit, as the mirror has it too. */
  readonly commit: string;
  readonly state: 'success' | 'failure' | 'error';
  readonly description: string;
  /** The job that did it. */
  readonly logUrl: string;
}

export interface ReleaseNews {
  readonly tag: string;
  readonly commit: string;
  readonly name: string;
  /** Markdown. */
  readonly notes: string;
}

/** Both may be repeated: what is there already is found and brought up to date. */
export interface GithubMirror {
  postDeployment(news: DeploymentNews): Promise<void>;
  postRelease(news: ReleaseNews): Promise<'created' | 'updated'>;
}

/** GitHub's limits, in characters. */
export const releaseNotesMax = 125_000;
const descriptionMax = 140;
const timeoutMs = 30_000;

const Deployment = Type.Object({ id: Type.Integer(), sha: Type.String(), environment: Type.String() });
const Release = Type.Object({ id: Type.Integer(), tag_name: Type.String() });

/** Tells a GitHub mirror of what happened here, so that whoever watches that repository sees its deployments and releases. */
export function createGithubMirror({ repository, token, apiUrl, patience }: GithubOptions): GithubMirror {
  const [owner = '', repo = '', ...rest] = repository.split('/');
  if (owner === '' || repo === '' || rest.length > 0) {
    throw new CiError(`GITHUB_MIRROR_REPOSITORY is "${repository}": write owner/name`);
  }
  const octokit = new Octokit({
    auth: token,
    baseUrl: apiUrl.replace(/\/+$/, ''),
    userAgent: 'defimon-ci',
    // What went wrong is told by us, once.
    log: { debug: silent, info: silent, warn: silent, error: silent },
    request: { fetch: fetchInTime },
  });
  /** Begins anew after a passing failure, with looking for what an attempt whose answer was lost has already made. */
  const patiently = async <T>(what: string, call: () => Promise<T>): Promise<T> => {
    try {
      return await withRetries(patience, refusalOf, call);
    } catch (error) {
      throw explain(error, what, repository);
    }
  };
  const place = { owner, repo };

  return {
    postDeployment: async ({ environment, commit, state, description, logUrl }) => {
      const id = await patiently(`deployment of ${environment}`, async () => {
        const query = { ...place, sha: commit, environment, task: 'deploy', per_page: 1 };
        const listed = await octokit.rest.repos.listDeployments(query);
        const [found] = parseAnswer(Type.Array(Deployment), listed.data, 'GitHub, deployments');
        if (found !== undefined) return found.id;
        const created = await octokit.rest.repos.createDeployment({
          ...place,
          ref: commit,
          task: 'deploy',
          environment,
          production_environment: environment === 'production',
          description: description.slice(0, descriptionMax),
          // It has happened already: there is nothing to merge, and no check to wait for.
          auto_merge: false,
          required_contexts: [],
        });
        // 202 is an answer about merging, and has no deployment in it.
        return parseAnswer(Deployment, created.data, 'GitHub, new deployment').id;
      });
      for (const step of ['in_progress', state] as const) {
        await patiently(`deployment status ${step} of ${environment}`, () =>
          octokit.rest.repos.createDeploymentStatus({
            ...place,
            deployment_id: id,
            state: step,
            environment,
            description: description.slice(0, descriptionMax),
            log_url: logUrl,
          }),
        );
      }
    },
    postRelease: ({ tag, commit, name, notes }) =>
      patiently(`release ${tag}`, async () => {
        const content = { ...place, tag_name: tag, target_commitish: commit, name, body: notes };
        const id = await findRelease(octokit, place, tag);
        if (id === undefined) {
          await octokit.rest.repos.createRelease(content);
          return 'created';
        }
        await octokit.rest.repos.updateRelease({ ...content, release_id: id });
        return 'updated';
      }),
  };
}

async function findRelease(
  octokit: Octokit,
  place: { readonly owner: string; readonly repo: string },
  tag: string,
): Promise<number | undefined> {
  try {
    const { data } = await octokit.rest.repos.getReleaseByTag({ ...place, tag });
    return parseAnswer(Release, data, 'GitHub, release').id;
  } catch (error) {
    if (failureOf(error)?.status === 404) return undefined;
    throw error;
  }
}

interface Failure {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** Octokit throws an HttpError with a status, and without a response when none came. */
function failureOf(error: unknown): Failure | undefined {
  if (!(error instanceof Error) || error.name !== 'HttpError') return undefined;
  const response: unknown = Reflect.get(error, 'response');
  const status: unknown = Reflect.get(error, 'status');
  if (typeof response !== 'object' || response === null)
    return { status: undefined, headers: {}, message: error.message };
  const headers: unknown = Reflect.get(response, 'headers');
  return {
    status: typeof status === 'number' ? status : undefined,
    headers: typeof headers === 'object' && headers !== null ? { ...headers } : {},
    message: error.message,
  };
}

/** For withRetries. A commit that GitHub does not know yet is one too: the mirror is minutes behind. */
function refusalOf(error: unknown): Refusal | undefined {
  const failure = failureOf(error);
  if (failure === undefined) return undefined;
  const { status, headers } = failure;
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return value === undefined ? undefined : String(value);
  };
  return { status: isBehind(failure) ? undefined : status, header };
}

/** GitHub answers 422 "No ref found for: <commit>" to a deployment, and names target_commitish for a release. */
function isBehind({ status, message }: Failure): boolean {
  return (status === 422 || status === 409) && /no ref found|target_commitish/i.test(message);
}

function explain(error: unknown, what: string, repository: string): unknown {
  const failure = failureOf(error);
  if (failure === undefined) return error;
  const { status, message } = failure;
  const fix = fixOf(failure);
  const said = `GitHub ${repository}, ${what}: ${status ?? 'no answer'}: ${message}${fix}`;
  return new CiError(said, { cause: error });
}

function fixOf(failure: Failure): string {
  if (isBehind(failure)) return ' — the mirror does not have the commit: see whether it is still mirrored';
  const { status } = failure;
  if (status === 401) return ' — GITHUB_TOKEN is wrong or has expired';
  if (status === 403) return ' — GITHUB_TOKEN needs write access to contents and deployments';
  if (status === 404) return ' — no such repository, or GITHUB_TOKEN cannot see it';
  return '';
}

function fetchInTime(url: string | URL, init?: RequestInit): Promise<Response> {
  return fetch(url, { ...init, signal: AbortSignal.timeout(timeoutMs) });
}

function silent(): void {}
