import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { secretOf } from '../../runtime/settings.ts';
import { createRepositoryReader } from './repository.ts';

describe(createRepositoryReader.name, () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  async function start(project: Project) {
    const gitlab = await startGitlab(project);
    ends.push(gitlab.stop);
    return gitlab;
  }

  it('reads files of a branch, and lets what has not changed stay where it is', async () => {
    const gitlab = await start({ files: { 'environments/dev/environment.yaml': 'name: dev\n' } });
    const read = createRepositoryReader({ url: gitlab.url, ref: 'main', token: secretOf('glpat-right') });

    expect(await read('environments/dev/environment.yaml')).toBe('name: dev\n');
    expect(await read('environments/dev/environment.yaml')).toBe('name: dev\n');
    expect(await read('environments/dev/rendered.lock.json')).toBeUndefined();
    gitlab.project.files['environments/dev/environment.yaml'] = 'name: dev # changed\n';
    expect(await read('environments/dev/environment.yaml')).toBe('name: dev # changed\n');

    expect(gitlab.answers).toEqual([200, 304, 404, 200]);
  });

  it.each([
    ['a wrong token', { token: 'glpat-wrong' }, /the token is wrong or has expired \(401\).*REPOSITORY_TOKEN/],
    ['no token', { token: undefined }, /no such project or branch, or the token may not see it \(404\)/],
    ['another branch', { ref: 'mian' }, /no such project or branch.*REPOSITORY_REF/],
  ])('says what is wrong with %s, and never the token', async (_what, changed, message) => {
    const gitlab = await start({ files: { 'a.yaml': 'a' } });
    const { token = 'token' in changed ? undefined : 'glpat-right', ref = 'main' } = changed as Asked;
    const read = createRepositoryReader({
      ...{ url: gitlab.url, ref, token: token === undefined ? undefined : secretOf(token) },
    });

    const error = await read('a.yaml').then(
      () => undefined,
      (reason: Error) => reason,
    );
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toContain('glpat');
  });

  it('asks nothing for as long as GitLab wants to be left alone', async () => {
    const gitlab = await start({ files: { 'a.yaml': 'a' }, limitedFor: 30 });
    let now = 0;
    const read = createRepositoryReader({
      ...{ url: gitlab.url, ref: 'main', token: secretOf('glpat-right'), clock: () => now },
    });

    await expect(read('a.yaml')).rejects.toThrow('asked too often (429)');
    gitlab.project.limitedFor = undefined;
    now = 29_000;
    await expect(read('a.yaml')).rejects.toThrow('asked again in 1 s');
    now = 30_000;
    expect(await read('a.yaml')).toBe('a');
    expect(gitlab.answers).toEqual([429, 200]);
  });

  it('gives up a server that is away, does not answer, leads elsewhere or breaks', async () => {
    const gitlab = await start({ files: { 'a.yaml': 'a' }, silent: true });
    const read = createRepositoryReader({ url: gitlab.url, ref: 'main', token: undefined, timeoutMs: 50 });
    await expect(read('a.yaml')).rejects.toThrow('no answer in 50 ms');

    const moved = await start({ files: {}, status: 302 });
    await expect(
      createRepositoryReader({ url: moved.url, ref: 'main', token: secretOf('glpat-right') })('a.yaml'),
    ).rejects.toThrow(/leads elsewhere \(302\)/);
    const broken = await start({ files: {}, status: 502 });
    await expect(createRepositoryReader({ url: broken.url, ref: 'main', token: undefined })('a.yaml')).rejects.toThrow(
      'answered 502',
    );
    await broken.stop();
    await expect(createRepositoryReader({ url: broken.url, ref: 'main', token: undefined })('a.yaml')).rejects.toThrow(
      /a\.yaml of http.*(ECONNREFUSED|fetch failed)/,
    );
  });
});

interface Asked {
  readonly token?: string | undefined;
  readonly ref?: string;
}

interface Project {
  files: Record<string, string>;
  /** Seconds. */
  limitedFor?: number | undefined;
  silent?: boolean;
  status?: number;
}

/**
 * GitLab's raw files of one private project, as https://docs.gitlab.com/api/repository_files/ and its answers have them: who may not
 * see a project is told that there is none.
 */
async function startGitlab(project: Project) {
  const answers: number[] = [];
  const server = createServer((request, response) => {
    const send = (status: number, body: object | string, headers: Record<string, string> = {}): void => {
      answers.push(status);
      response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    if (project.silent === true) return;
    const url = new URL(request.url ?? '', 'http://gitlab');
    const token = request.headers['private-token'];
    if (project.status !== undefined) return send(project.status, '<html>', { location: '/users/sign_in' });
    if (project.limitedFor !== undefined) {
      return send(429, { message: 'Too Many Requests' }, { 'retry-after': String(project.limitedFor) });
    }
    if (token !== undefined && token !== 'glpat-right') return send(401, { message: '401 Unauthorized' });
    const path = /^\/api\/v4\/projects\/group%2Fproject\/repository\/files\/([^/]+)\/raw$/.exec(url.pathname)?.[1];
    if (path === undefined || token === undefined) return send(404, { message: '404 Project Not Found' });
    if (url.searchParams.get('ref') !== 'main') return send(404, { message: '404 Commit Not Found' });
    const text = project.files[decodeURIComponent(path)];
    if (text === undefined) return send(404, { message: '404 File Not Found' });
    const etag = `W/"${createHash('md5').update(text).digest('hex')}"`;
    if (request.headers['if-none-match'] === etag) return send(304, '', { etag });
    return send(200, text, { etag, 'content-type': 'text/plain; charset=utf-8' });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...{ answers, project, url: `http://127.0.0.1:${port}/api/v4/projects/group%2Fproject` },
    stop: async () => {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}
