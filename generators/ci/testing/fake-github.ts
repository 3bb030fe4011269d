import { type Reply, startTestServer, type TestServer } from './http-server.ts';

interface Deployment {
  readonly id: number;
  readonly sha: string;
  readonly environment: string;
}

interface Release {
  readonly id: number;
  readonly tag_name: string;
  readonly target_commitish: string;
  readonly name: string;
  readonly body: string;
}

export interface FakeGithub extends TestServer {
  readonly deployments: Deployment[];
  /** `success of 1`, in the order they came. */
  readonly statuses: string[];
  readonly releases: Release[];
  /** What the mirror has; a deployment or release of any other commit is refused. */
  readonly commits: Set<string>;
}

/** GitHub's REST API as its documentation and its answers have it, as far as deployments and releases go. */
export async function startFakeGithub(commits: readonly string[]): Promise<FakeGithub> {
  const known = new Set(commits);
  const deployments: Deployment[] = [];
  const statuses: string[] = [];
  const releases: Release[] = [];
  const base = '/repos/highfunk/defimon';
  const server = await startTestServer('authorization', ({ method, token, body }, url): Reply => {
    if (token !== 'token ghp_test') return { status: 401, body: { message: 'Bad credentials', status: '401' } };
    const field = (name: string): unknown =>
      typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
    const path = url.pathname;
    if (path === `${base}/deployments` && method === 'GET') {
      const matches = ({ sha, environment }: Deployment): boolean =>
        url.searchParams.get('sha') === sha && url.searchParams.get('environment') === environment;
      return { status: 200, body: deployments.filter(matches) };
    }
    if (path === `${base}/deployments` && method === 'POST') {
      const sha = String(field('ref'));
      if (!known.has(sha)) return { status: 422, body: { message: `No ref found for: ${sha}` } };
      if (!Array.isArray(field('required_contexts')))
        return { status: 409, body: { message: 'Conflict: Commit status checks failed' } };
      const deployment = { id: deployments.length + 1, sha, environment: String(field('environment')) };
      deployments.push(deployment);
      return { status: 201, body: { ...deployment, url: `${base}/deployments/${deployment.id}` } };
    }
    const status = /\/deployments\/(\d+)\/statuses$/.exec(path);
    if (status !== null && method === 'POST') {
      const description = String(field('description'));
      if (description.length > 140)
        return { status: 422, body: validation('description', 'is too long (maximum is 140 characters)') };
      statuses.push(`${String(field('state'))} of ${status[1]}`);
      return { status: 201, body: { id: statuses.length, state: field('state') } };
    }
    const tag = /\/releases\/tags\/(.+)$/.exec(path)?.[1];
    if (tag !== undefined) {
      const found = releases.find(({ tag_name }) => tag_name === tag);
      return found === undefined
        ? { status: 404, body: { message: 'Not Found', status: '404' } }
        : { status: 200, body: found };
    }
    const content = {
      tag_name: String(field('tag_name')),
      target_commitish: String(field('target_commitish')),
      name: String(field('name')),
      body: String(field('body')),
    };
    if (content.body.length > 125_000) return { status: 422, body: validation('body', 'is too long') };
    if (path === `${base}/releases` && method === 'POST') {
      if (!known.has(content.target_commitish))
        return { status: 422, body: validation('target_commitish', 'is invalid') };
      if (releases.some(({ tag_name }) => tag_name === content.tag_name))
        return {
          status: 422,
          body: {
            message: 'Validation Failed',
            errors: [{ resource: 'Release', code: 'already_exists', field: 'tag_name' }],
          },
        };
      releases.push({ id: releases.length + 1, ...content });
      return { status: 201, body: releases.at(-1) };
    }
    const id = Number(/\/releases\/(\d+)$/.exec(path)?.[1]);
    if (method === 'PATCH' && releases[id - 1] !== undefined) {
      releases[id - 1] = { id, ...content };
      return { status: 200, body: releases[id - 1] };
    }
    return { status: 404, body: { message: 'Not Found', status: '404' } };
  });
  return Object.assign(server, { deployments, statuses, releases, commits: known });
}

function validation(field: string, message: string): object {
  return { message: 'Validation Failed', errors: [{ resource: 'Release', code: 'custom', field, message }] };
}
