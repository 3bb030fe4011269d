import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import Type from 'typebox';
import { afterEach, describe, expect, it } from 'vitest';
import { Nullable, OneOf } from '../contracts/schema.ts';
import { ConfigurationError, RetryableError } from './errors.ts';
import { createHttpApp, type HttpApp, problemResponses } from './http.ts';
import { listen } from './http-listen.ts';
import { ProblemError } from './http-problem.ts';

const apps: HttpApp[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

describe(createHttpApp.name, () => {
  it('gives a handler typed parameters, with numbers only from plain decimal digits', async () => {
    const { app } = await openApp();
    expect((await app.inject('/things?limit=7&word=a')).json()).toEqual({ limit: 7, word: 'a', note: null });
    expect((await app.inject('/things')).json()).toEqual({ limit: 10, word: null, note: null });
    for (const text of ['1e1', '0x7', '', '%207', '7.0', '007', '-0', '9007199254740993', 'seven']) {
      const answer = await app.inject(`/things?limit=${text}`);
      expect([text, answer.statusCode]).toEqual([text, 400]);
      expect(answer.json().errors).toEqual([{ parameter: 'limit', detail: expect.stringContaining('must be') }]);
    }
  });

  it('tells all that is wrong with a request at once, and which parameters there are', async () => {
    const { app } = await openApp();
    const answer = await app.inject('/things?limti=3&limit=5000&word=c&word=d');
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.json()).toEqual({
      type: 'urn:defimon:problem:invalid-request',
      title: 'The request is not valid',
      status: 400,
      detail: expect.stringContaining(
        'limti: not a parameter of this path; did you mean "limit"? known are limit, word',
      ),
      instance: '/things',
      requestId: answer.headers['x-request-id'],
      errors: [
        { parameter: 'limti', detail: 'not a parameter of this path; did you mean "limit"? known are limit, word' },
        { parameter: 'limit', detail: 'must be 1000 or less, not 5000' },
        { parameter: 'word', detail: 'it is given more than once: give it once' },
      ],
    });
  });

  it('points into a body', async () => {
    const { app } = await openApp();
    const answer = await app.inject({ method: 'POST', url: '/things', payload: { inner: { count: 'x' } } });
    expect(answer.json().errors).toEqual([
      { pointer: '#/inner/count', detail: 'must be a whole number in decimal digits, not "x"' },
    ]);
  });

  it('makes a problem of every error of the HTTP layer', async () => {
    const { app } = await openApp();
    const json = { 'content-type': 'application/json' };
    const cases = [
      [await app.inject('/thing'), 404, 'unknown-path'],
      [await app.inject({ method: 'DELETE', url: '/things' }), 405, 'method-not-allowed'],
      [await app.inject({ method: 'POST', url: '/things', headers: json, payload: '{' }), 400, 'bad-request'],
      [
        await app.inject({ method: 'POST', url: '/things', headers: json, payload: `"${'x'.repeat(70_000)}"` }),
        413,
        'payload-too-large',
      ],
      [
        await app.inject({ method: 'POST', url: '/things', headers: { 'content-type': 'text/csv' }, payload: 'a' }),
        415,
        'unsupported-media-type',
      ],
      [await app.inject('/%zz'), 400, 'bad-request'],
    ] as const;
    for (const [answer, status, code] of cases) {
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.json()).toMatchObject({ status, type: `urn:defimon:problem:${code}`, title: expect.any(String) });
      expect(answer.statusCode).toBe(status);
    }
    expect(cases[0][0].json().detail).toContain('Did you mean /things?');
    expect(cases[1][0].headers.allow).toBe('GET, HEAD, POST');
  });

  it('asks to try again when a store is away, without a word of where it is', async () => {
    const { app, logged } = await openApp();
    const answer = await app.inject('/fails?how=retryable');
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('1');
    expect(answer.body).not.toContain('10.0.0.7');
    expect(logged()).toContain('10.0.0.7');
  });

  it('keeps a defect of ours in the log, under the request id', async () => {
    const { app, logged } = await openApp();
    const answer = await app.inject({ url: '/fails?how=defect', headers: { 'x-request-id': 'abc-1' } });
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toMatchObject({ requestId: 'abc-1', type: 'urn:defimon:problem:internal-error' });
    expect(answer.body).not.toMatch(/secret|http\.test|at /);
    expect(logged()).toMatch(/secret/);
    expect(logged()).toMatch(/abc-1/);
  });

  it('lets a handler say what is wrong', async () => {
    const { app } = await openApp();
    expect((await app.inject('/fails?how=problem')).json()).toMatchObject({
      status: 409,
      near: ['b'],
      detail: 'a is taken',
    });
  });

  it('lets nothing out that the response schema does not have', async () => {
    const { app } = await openApp();
    expect((await app.inject('/things')).body).not.toContain('undocumented');
  });

  it('answers 304 to the ETag it gave, and the body when that changed', async () => {
    const { app } = await openApp();
    const first = await app.inject('/things');
    const etag = first.headers.etag;
    const again = await app.inject({ url: '/things', headers: { 'if-none-match': String(etag) } });
    expect([again.statusCode, again.body]).toEqual([304, '']);
    expect(again.headers['cache-control']).toBe('no-cache');
    // What a gateway has made of it that compresses the answer.
    const weak = await app.inject({ url: '/things', headers: { 'if-none-match': `W/${etag}` } });
    expect([weak.statusCode, weak.body]).toEqual([304, '']);
    const other = await app.inject({ url: '/things?limit=3', headers: { 'if-none-match': String(etag) } });
    expect(other.statusCode).toBe(200);
  });

  it('counts and times requests by the pattern of the path, never by the path', async () => {
    const { app, metrics } = await openApp();
    await app.inject('/things/1');
    await app.inject('/things/2');
    await app.inject('/nowhere/3');
    const text = await metrics.metrics();
    expect(text).toContain(
      'defimon_http_requests_total{service="test",method="GET",route="/things/:id",status="200"} 2',
    );
    expect(text).toContain('defimon_http_requests_total{service="test",method="GET",route="unknown",status="404"} 1');
    expect(text).toContain(
      'defimon_http_request_duration_seconds_count{service="test",method="GET",route="/things/:id"} 2',
    );
  });

  it('takes a request id that is a plain one, and sends safe headers', async () => {
    const { app } = await openApp();
    const given = await app.inject({ url: '/things', headers: { 'x-request-id': 'trace-1.2' } });
    expect(given.headers['x-request-id']).toBe('trace-1.2');
    const odd = await app.inject({ url: '/things', headers: { 'x-request-id': 'a b\tc' } });
    expect(odd.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(odd.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
  });

  it('documents its routes, with a page that loads nothing from elsewhere', async () => {
    const { app } = await openApp();
    const document = (await app.inject('/openapi.json')).json();
    expect(document.paths['/things'].get.responses['400'].content['application/problem+json'].schema).toEqual({
      $ref: '#/components/schemas/Problem',
    });
    expect(Object.keys(document.paths)).not.toContain('/openapi.json');
    const page = await app.inject('/docs');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    expect(page.body.match(/(?:src|href)="([^"]+)"/g)?.every((link) => link.includes('"/docs/static/'))).toBe(true);
  });
});

describe(listen.name, () => {
  it('serves one app on several ports', async () => {
    const { app } = await openApp();
    const urls = await listen(app, [0, 0], '127.0.0.1');
    expect(new Set(urls).size).toBe(2);
    for (const url of urls) expect(await (await fetch(`${url}/things?limit=2`)).json()).toMatchObject({ limit: 2 });
  });

  it('says which port is taken and what to do, and listens on none', async () => {
    const { app } = await openApp();
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    try {
      const listening = listen(app, [0, port], '127.0.0.1');
      await expect(listening).rejects.toThrow(
        `port ${port} is in use: stop what uses it, or start with --port-offset 100`,
      );
      await expect(listening).rejects.toBeInstanceOf(ConfigurationError);
    } finally {
      taken.close();
    }
  });

  it('finishes requests in hand before it closes, and takes no new ones', async () => {
    const { app } = await openApp();
    const [inHand, mayEnd] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    app.get('/slow', async () => {
      inHand.resolve();
      await mayEnd.promise;
      return 'done';
    });
    const [url = ''] = await listen(app, [0], '127.0.0.1');
    const slow = fetch(`${url}/slow`);
    await inHand.promise;
    const from = performance.now();
    const closed = app.close();
    mayEnd.resolve();
    expect(await (await slow).text()).toBe('done');
    await closed;
    // The caller keeps its connection for a minute, and is not waited for.
    expect(performance.now() - from).toBeLessThan(3_000);
    await expect(fetch(`${url}/things`)).rejects.toThrow();
  });

  it('answers an offer of another protocol than WebSocket as a plain request', async () => {
    const { app } = await openApp();
    app.server.on('upgrade', (_request, socket) => socket.destroy());
    const [url = ''] = await listen(app, [0], '127.0.0.1');
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' };
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(`${url}/things`, { headers }, (response) => {
        resolve(response.statusCode);
        response.resume();
      });
      request.on('error', reject).end();
    });
    expect(status).toBe(200);
  });

  it('answers what is no HTTP with a problem', async () => {
    const { app } = await openApp();
    const [url = ''] = await listen(app, [0], '127.0.0.1');
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(`${url}/things`, { headers: { 'x-long': 'x'.repeat(100_000) } }, (response) => {
        resolve([response.statusCode, response.headers['content-type']]);
        response.resume();
      });
      request.on('error', reject);
      request.end();
    });
    expect(status).toEqual([431, 'application/problem+json']);
  });
});

async function openApp() {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const metrics = new Registry();
  const openapi = { title: 'Test', version: '1', description: '', tags: [] };
  const app = await createHttpApp({ service: 'test', log, metrics, openapi });
  apps.push(app);
  addRoutes(app);
  return { app, metrics, logged: () => lines.join('') };
}

function addRoutes(app: HttpApp): void {
  const Thing = Type.Object(
    { limit: Type.Integer(), word: Nullable(Type.String()), note: Nullable(Type.String()) },
    { additionalProperties: false },
  );
  const ThingsQuery = Type.Object(
    {
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 10 })),
      word: Type.Optional(OneOf(['a', 'b'])),
    },
    { additionalProperties: false },
  );
  const response = {
    200: { description: 'A thing', content: { 'application/json': { schema: Thing } } },
    ...problemResponses({ 400: 'Wrong' }),
  };
  app.get('/things', { schema: { querystring: ThingsQuery, response } }, async (request) => {
    const { limit = 0, word = null } = request.query;
    return { limit, word, note: null, undocumented: 1 };
  });
  const Inner = Type.Object({ inner: Type.Object({ count: Type.Integer() }) });
  app.post('/things', { schema: { body: Inner } }, async (request) => ({ sum: request.body.inner.count + 1 }));
  app.get('/things/:id', async () => 'x');
  app.get('/fails', { schema: { querystring: Type.Object({ how: Type.String() }) } }, async (request) => {
    switch (request.query.how) {
      case 'retryable':
        throw new RetryableError('connect ECONNREFUSED 10.0.0.7:5432');
      case 'problem':
        throw new ProblemError({ status: 409, code: 'taken', title: 'Taken', detail: 'a is taken', near: ['b'] });
      default:
        throw new Error('secret');
    }
  });
}
