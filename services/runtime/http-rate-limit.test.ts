import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { createEmbeddedCache } from '../stores/embedded/cache.ts';
import { createHttpApp, type HttpApp, type HttpAppOptions } from './http.ts';
import { addRateLimit } from './http-rate-limit.ts';

const apps: HttpApp[] = [];
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

describe(addRateLimit.name, () => {
  it('says in each answer what is left, and refuses what is too much with a problem', async () => {
    let now = 0;
    const app = await openApp({ cache: createEmbeddedCache({ now: () => now }), requestsPerMinute: 2 });
    const first = await app.inject('/things');
    expect(first.statusCode).toBe(200);
    expect(first.headers).toMatchObject({
      'ratelimit-limit': '2',
      'ratelimit-remaining': '1',
      'ratelimit-reset': '60',
      'x-request-id': expect.any(String),
    });
    now = 20_500;
    expect((await app.inject('/things')).headers).toMatchObject({
      'ratelimit-remaining': '0',
      'ratelimit-reset': '40',
    });
    const refused = await app.inject('/things');
    expect(refused.statusCode).toBe(429);
    expect(refused.headers).toMatchObject({
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      'ratelimit-limit': '2',
      'ratelimit-remaining': '0',
      'retry-after': '40',
    });
    expect(refused.json()).toMatchObject({
      type: 'urn:defimon:problem:too-many-requests',
      status: 429,
      detail: '2 requests a minute are allowed: try again in 40 seconds.',
      instance: '/things',
    });
    now = 60_000;
    expect((await app.inject('/things')).statusCode).toBe(200);
  });

  it('counts over all routes, those that there are not included, and over all replicas', async () => {
    const cache = createEmbeddedCache();
    const [one, other] = [
      await openApp({ cache, requestsPerMinute: 3 }),
      await openApp({ cache, requestsPerMinute: 3 }),
    ];
    expect((await one.inject('/things')).statusCode).toBe(200);
    expect((await other.inject('/others')).statusCode).toBe(200);
    expect((await one.inject('/nowhere')).statusCode).toBe(404);
    expect((await other.inject('/nowhere')).statusCode).toBe(429);
    expect((await one.inject('/things')).statusCode).toBe(429);
  });

  it('counts services apart', async () => {
    const cache = createEmbeddedCache();
    const one = await openApp({ cache, service: 'one' });
    const other = await openApp({ cache, service: 'other' });
    expect((await one.inject('/things')).statusCode).toBe(200);
    expect((await other.inject('/things')).statusCode).toBe(200);
  });

  it('always tells how the service is', async () => {
    const app = await openApp();
    for (const path of ['/metrics', '/health', '/api/v1/health', '/api/v1/health/networks']) {
      for (let at = 0; at < 3; at++) {
        const answer = await app.inject(path);
        expect(answer.statusCode).toBe(200);
        expect(answer.headers['ratelimit-limit']).toBeUndefined();
      }
    }
    expect((await app.inject('/things')).statusCode).toBe(200);
  });

  it('goes by the address alone while no proxy is trusted', async () => {
    const app = await openApp();
    const ask = (address: string, at: number) =>
      app.inject({
        url: '/things',
        remoteAddress: address,
        headers: { 'x-forwarded-for': `192.0.2.${at}`, authorization: `Bearer ${at}` },
      });
    expect((await ask('198.51.100.1', 1)).statusCode).toBe(200);
    expect((await ask('198.51.100.1', 2)).statusCode).toBe(429);
    expect((await ask('198.51.100.2', 3)).statusCode).toBe(200);
    expect((await ask('2001:db8::1', 4)).statusCode).toBe(200);
    expect((await ask('2001:db8::2', 5)).statusCode).toBe(429);
  });

  it('goes behind a proxy by the token, else by the address that the proxy wrote', async () => {
    const app = await openApp({ trustedProxies: ['10.0.0.0/8'] });
    const status = async (headers: Record<string, string>, remoteAddress = '10.0.0.1') =>
      (await app.inject({ url: '/things', remoteAddress, headers })).statusCode;
    expect(await status({ 'x-forwarded-for': '192.0.2.1' })).toBe(200);
    expect(await status({ 'x-forwarded-for': '192.0.2.2' })).toBe(200);
    // What stands before it came from the caller.
    expect(await status({ 'x-forwarded-for': '192.0.2.77, 192.0.2.1' })).toBe(429);
    expect(await status({ 'x-forwarded-for': '192.0.2.1', authorization: 'Bearer a' })).toBe(200);
    expect(await status({ 'x-forwarded-for': '192.0.2.1', authorization: 'Bearer b' })).toBe(200);
    expect(await status({ 'x-forwarded-for': '192.0.2.3', authorization: 'Bearer a' })).toBe(429);
    // Past the proxy.
    expect(await status({ 'x-forwarded-for': '192.0.2.4', authorization: 'Bearer c' }, '192.0.2.9')).toBe(200);
    expect(await status({ 'x-forwarded-for': '192.0.2.5', authorization: 'Bearer d' }, '192.0.2.9')).toBe(429);
  });

  it('keeps no token in the cache', async () => {
    const keys: string[] = [];
    const count = async (key: string) => {
      keys.push(key);
      return { count: 1, resetMs: 1 };
    };
    const app = await openApp({ trustedProxies: ['loopback'], cache: { count } });
    const headers = { 'x-forwarded-for': '192.0.2.1', authorization: 'Bearer secret' };
    await app.inject({ url: '/things', headers });
    expect(keys).toEqual([expect.stringMatching(/^rate:test:token:[\w-]{43}$/)]);
  });

  it('lets everybody in while nobody can count', async () => {
    const count = () => Promise.reject(new Error('no counter'));
    const app = await openApp({ cache: { count } });
    expect((await app.inject('/things')).statusCode).toBe(200);
    expect((await app.inject('/things')).statusCode).toBe(200);
  });

  it('stands in the description of every route that it holds for', async () => {
    const app = await openApp();
    const { paths } = (await app.inject('/openapi.json')).json();
    expect(paths['/things'].get.responses['429']).toMatchObject({
      headers: {
        'retry-after': { schema: { type: 'integer' } },
        'ratelimit-remaining': { schema: { type: 'integer' } },
      },
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    });
    expect(paths['/health'].get.responses['429']).toBeUndefined();
  });
});

interface Options extends Pick<HttpAppOptions, 'trustedProxies'> {
  readonly service?: string;
  readonly requestsPerMinute?: number;
  readonly cache?: NonNullable<HttpAppOptions['rateLimit']>['cache'];
}

/** One request a minute, unless told otherwise. */
async function openApp(options: Options = {}): Promise<HttpApp> {
  const { service = 'test', requestsPerMinute = 1, cache = createEmbeddedCache(), trustedProxies } = options;
  const app = await createHttpApp({
    service,
    log: pino({ level: 'silent' }),
    metrics: new Registry(),
    openapi: { title: 'Test', version: '1', description: '', tags: [] },
    rateLimit: { requestsPerMinute, cache },
    trustedProxies,
  });
  apps.push(app);
  for (const path of ['/things', '/others', '/metrics', '/health', '/api/v1/health', '/api/v1/health/networks']) {
    app.get(path, { schema: { summary: path } }, async () => 'x');
  }
  return app;
}
