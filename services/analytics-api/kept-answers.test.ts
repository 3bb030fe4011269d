import { pino } from 'pino';
import { Registry } from 'prom-client';
import Type from 'typebox';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpApp, type HttpApp } from '../runtime/http.ts';
import { ProblemError } from '../runtime/http-problem.ts';
import { createEmbeddedCache } from '../stores/embedded/cache.ts';
import { type KeptAnswers, keepAnswers } from './kept-answers.ts';

const keepMs = 1000;
const apps: HttpApp[] = [];
let nowMs = 0;
let made = 0;
let kept: KeptAnswers;
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
  nowMs = 0;
  made = 0;
});

describe(keepAnswers, () => {
  it('gives the same answer again for a while, then makes it anew', async () => {
    const app = await openApp();
    const first = await app.inject('/kept/a?limit=1');
    nowMs = keepMs - 1;
    const second = await app.inject('/kept/a?limit=1');
    expect(second.body).toBe(first.body);
    for (const name of ['content-type', 'etag', 'cache-control', 'content-length'])
      expect([name, second.headers[name]]).toEqual([name, first.headers[name]]);
    expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
    nowMs = keepMs;
    expect((await app.inject('/kept/a?limit=1')).json()).toEqual({ made: 2, of: 'a' });
  });

  it('makes an answer once for all who ask while it is made, and one for each address', async () => {
    const app = await openApp();
    const asked = ['/kept/a', '/kept/a', '/kept/a?limit=1', '/kept/b', '/kept/a'];
    const answers = await Promise.all(asked.map(async (url) => (await app.inject(url)).json()));
    expect(made).toBe(3);
    expect(answers.map(({ of }: { of: string }) => of)).toEqual(['a', 'a', 'a', 'b', 'a']);
  });

  it('answers 304 to who has it already, by the ETag of the route or one over the body', async () => {
    const app = await openApp();
    for (const url of ['/kept/a', '/kept/a?limit=1']) {
      const { etag } = (await app.inject(url)).headers;
      const again = await app.inject({ url, headers: { 'if-none-match': String(etag) } });
      expect([again.statusCode, again.body, again.headers.etag]).toEqual([304, '', etag]);
      expect((await app.inject({ url, headers: { 'if-none-match': '"other"' } })).statusCode).toBe(200);
    }
  });

  it('writes no more than the schema has', async () => {
    const app = await openApp();
    expect(Object.keys((await app.inject('/kept/a')).json())).toEqual(['made', 'of']);
  });

  it('keeps text as it is, with the type and the name that the route gives it', async () => {
    const app = await openApp();
    const first = await app.inject('/kept/text');
    const second = await app.inject('/kept/text');
    for (const { body, headers } of [first, second]) {
      expect([body, headers['content-type']]).toEqual(['made\r\n1\r\n', 'text/csv; charset=utf-8']);
      expect([headers['content-disposition'], headers.etag]).toEqual(['attachment', first.headers.etag]);
    }
  });

  it('keeps no problem, and gives it to all who asked meanwhile', async () => {
    const app = await openApp();
    const [one, other] = await Promise.all([app.inject('/kept/missing'), app.inject('/kept/missing')]);
    expect([one?.statusCode, other?.statusCode, made]).toEqual([404, 404, 1]);
    expect(one?.headers['cache-control']).toBe('no-store');
    await app.inject('/kept/missing');
    expect(made).toBe(2);
  });

  it('makes the answers of a network anew once it is forgotten, also one that is being made', async () => {
    const app = await openApp();
    await Promise.all([app.inject('/kept/a'), app.inject('/kept/b')]);
    kept.forget('a');
    expect((await app.inject('/kept/a')).json()).toEqual({ made: 3, of: 'a' });
    expect((await app.inject('/kept/b')).json()).toEqual({ made: 2, of: 'b' });

    nowMs = keepMs;
    const before = app.inject('/kept/a');
    await expect.poll(() => made).toBe(4);
    kept.forget('a');
    const after = app.inject('/kept/a');
    expect((await before).json()).toEqual({ made: 4, of: 'a' });
    expect((await after).json()).toEqual({ made: 5, of: 'a' });
    expect((await app.inject('/kept/a')).json()).toEqual({ made: 5, of: 'a' });
  });

  it('answers HEAD with the headers of the same answer', async () => {
    const app = await openApp();
    const { headers } = await app.inject('/kept/a');
    const head = await app.inject({ method: 'HEAD', url: '/kept/a' });
    expect([head.statusCode, head.body, made]).toEqual([200, '', 1]);
    for (const name of ['etag', 'content-type', 'content-length', 'cache-control'])
      expect([name, head.headers[name]]).toEqual([name, headers[name]]);
  });

  it('keeps no more bytes than it may: those made longest ago go first', async () => {
    const app = await openApp({ bytesMax: 1_200 });
    for (const name of ['a', 'b', 'c']) await app.inject(`/kept/${name}`);
    expect((await app.inject('/kept/b')).json()).toEqual({ made: 2, of: 'b' });
    expect((await app.inject('/kept/c')).json()).toEqual({ made: 3, of: 'c' });
    expect((await app.inject('/kept/a')).json()).toEqual({ made: 4, of: 'a' });
  });

  it('counts every request against the limit of its caller', async () => {
    const app = await openApp({ requestsPerMinute: 2 });
    const answers = [await app.inject('/kept/a'), await app.inject('/kept/a'), await app.inject('/kept/a')];
    expect(answers.map(({ statusCode, headers }) => [statusCode, headers['ratelimit-remaining']])).toEqual([
      [200, '1'],
      [200, '0'],
      [429, '0'],
    ]);
  });

  it('leaves other paths alone', async () => {
    const app = await openApp();
    await app.inject('/other/a');
    expect((await app.inject('/other/a')).json()).toEqual({ made: 2, of: 'a' });
  });
});

async function openApp({
  requestsPerMinute,
  ...options
}: {
  readonly bytesMax?: number;
  readonly requestsPerMinute?: number;
} = {}): Promise<HttpApp> {
  const app = await createHttpApp({
    service: 'test',
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    rateLimit: requestsPerMinute === undefined ? undefined : { requestsPerMinute, cache: createEmbeddedCache() },
  });
  kept = keepAnswers(app, '/kept/', { keepMs, now: () => nowMs, ...options });
  const answer = Type.Object({ made: Type.Integer(), of: Type.String() });
  const schema = {
    params: Type.Object({ network: Type.String() }),
    querystring: Type.Object({ limit: Type.Optional(Type.Integer()) }),
    response: { 200: { content: { 'application/json': { schema: answer }, 'text/csv': { schema: Type.String() } } } },
  };
  for (const prefix of ['kept', 'other']) {
    app.get(`/${prefix}/:network`, { schema }, async (request, reply) => {
      made++;
      const answer = { made, of: request.params.network, secret: 'not in the schema' };
      await new Promise(setImmediate);
      if (request.params.network === 'missing')
        throw new ProblemError({ status: 404, code: 'missing', title: 'Missing', detail: 'It is missing.' });
      if (request.params.network === 'text') {
        reply.headers({ 'content-type': 'text/csv; charset=utf-8', 'content-disposition': 'attachment' });
        return `made\r\n${answer.made}\r\n`;
      }
      if (request.query.limit !== undefined) reply.headers({ etag: '"own"', 'cache-control': 'public, max-age=5' });
      return answer;
    });
  }
  apps.push(app);
  return app;
}
