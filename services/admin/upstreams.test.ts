import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { HttpApp } from '../runtime/http.ts';
import { openApp } from './admin-fixture.ts';
import { tokenFor } from './token.ts';
import { addUpstreams } from './upstreams.ts';

describe(addUpstreams.name, () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  async function open(
    upstreams: { analytics?: string; market?: string },
    trustedProxies: readonly string[] = [],
  ): Promise<HttpApp> {
    const app = await openApp({ upstreams, trustedProxies });
    ends.push(() => app.close());
    return app;
  }
  async function serve(answer: (url: string, headers: IncomingHttpHeaders, response: ServerResponse) => void) {
    const server = createServer((request, response) => answer(request.url ?? '', request.headers, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ends.push(() => stop(server));
    return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
  }

  it('passes a read on as it is, with what the caller has already, and no cookie or token', async () => {
    const seen: { url: string; headers: IncomingHttpHeaders }[] = [];
    const { url } = await serve((asked, headers, response) => {
      seen.push({ url: asked, headers });
      response.writeHead(200, {
        'content-type': 'application/json',
        etag: '"1"',
        'set-cookie': 'a=b',
        ratelimit: 'left',
      });
      response.end('{"ok":true}');
    });
    const app = await open({ analytics: url });

    const answer = await app.inject({
      url: '/admin/api/analytics/api/v1/l2/networks?limit=5&status=a%2Cb',
      headers: { cookie: 'defimon_token=x.y.z', authorization: 'Bearer x', 'if-none-match': '"0"', 'x-own': '1' },
    });

    expect([answer.statusCode, answer.json(), answer.headers.etag]).toEqual([200, { ok: true }, '"1"']);
    expect(answer.headers).not.toHaveProperty('set-cookie');
    expect(seen[0]?.url).toBe('/api/v1/l2/networks?limit=5&status=a%2Cb');
    expect(seen[0]?.headers).toMatchObject({ 'if-none-match': '"0"', 'x-request-id': answer.headers['x-request-id'] });
    for (const header of ['cookie', 'authorization', 'x-own']) expect(seen[0]?.headers).not.toHaveProperty(header);
    expect((await app.inject({ method: 'HEAD', url: '/admin/api/analytics/docs' })).statusCode).toBe(200);
  });

  it('tells an API who asks: as the gateway says, if it is trusted', async () => {
    const told: unknown[] = [];
    const { url } = await serve((_asked, headers, response) => {
      told.push(headers['x-forwarded-for']);
      response.end();
    });
    const headers = { 'x-forwarded-for': '198.51.100.9, 203.0.113.1' };
    for (const trustedProxies of [['loopback'], []]) {
      const app = await open({ analytics: url }, trustedProxies);
      await app.inject({ url: '/admin/api/analytics/docs', headers });
    }
    expect(told).toEqual(['203.0.113.1', '127.0.0.1']);
  });

  it('passes on problems and answers without a body as the API gave them', async () => {
    const { url } = await serve((asked, _headers, response) => {
      if (asked === '/same') return response.writeHead(304, { etag: '"1"' }).end();
      return response.writeHead(404, { 'content-type': 'application/problem+json' }).end('{"status":404}');
    });
    const app = await open({ market: url });

    expect((await app.inject('/admin/api/market/same')).statusCode).toBe(304);
    const missing = await app.inject('/admin/api/market/symbols/NONE');
    expect([missing.statusCode, missing.json()]).toEqual([404, { status: 404 }]);
  });

  it('names the API that is away, is not known or is slow, and is well again with it', async () => {
    const away = await serve((_asked, _headers, response) => response.end('{}'));
    const app = await open({ analytics: away.url });
    expect((await app.inject('/admin/api/analytics/x')).statusCode).toBe(200);
    await stop(away.server);

    const gone = await app.inject('/admin/api/analytics/x');
    expect(gone.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(gone.headers['retry-after']).toBe('2');
    expect(gone.json()).toMatchObject({
      status: 503,
      type: 'urn:defimon:problem:analytics-away',
      title: expect.stringContaining('analytics API'),
    });
    expect((await app.inject('/admin/api/market/x')).json()).toMatchObject({
      status: 503,
      detail: expect.stringContaining('MARKET_API_URL'),
    });

    const again = createServer((_request, response) => response.end('{}'));
    again.listen(Number(new URL(away.url).port), '127.0.0.1');
    await once(again, 'listening');
    ends.push(() => stop(again));
    expect((await app.inject('/admin/api/analytics/x')).statusCode).toBe(200);
  });

  it('asks an API that has too much to do once, and passes on what it says', async () => {
    let asked = 0;
    const { url } = await serve((_asked, _headers, response) => {
      asked += 1;
      response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '5' }).end('{"status":503}');
    });
    const app = await open({ analytics: url });

    const answer = await app.inject('/admin/api/analytics/x');
    expect([answer.statusCode, answer.headers['retry-after'], answer.json()]).toEqual([503, '5', { status: 503 }]);
    expect(asked).toBe(1);
  });

  it('gives up an API that does not answer', async () => {
    const { url } = await serve(() => undefined);
    const app = await openSlow(url);
    ends.push(() => app.close());

    expect((await app.inject('/admin/api/analytics/x')).json()).toMatchObject({
      status: 504,
      type: 'urn:defimon:problem:analytics-slow',
    });
  });

  it('leads to no other host or path than the API, whatever the address says', async () => {
    const seen: string[] = [];
    const { url } = await serve((asked, _headers, response) => {
      seen.push(asked);
      response.end('{}');
    });
    const app = await open({ analytics: `${url}/base` });

    for (const path of ['%2e%2e/%2e%2e/etc', '..%2f..%2fetc', '//evil.example/x', 'http://evil.example/']) {
      await app.inject(`/admin/api/analytics/${path}`);
    }
    for (const asked of seen) expect(asked).toMatch(/^\/base\//);
  });
});

describe(tokenFor.name, () => {
  it('gives the caller’s token to a gateway alone, from the header or the cookie', () => {
    const cookie = 'theme=dark; defimon_token=a.b-c.d_e';
    expect(tokenFor('http://analytics-api.analytics.svc:8000', { cookie, authorization: 'Bearer x' })).toBeUndefined();
    expect(tokenFor('https://market.highfunk.uk', { cookie })).toBe('Bearer a.b-c.d_e');
    expect(tokenFor('https://market.highfunk.uk', { cookie, authorization: 'Bearer x' })).toBe('Bearer x');
    expect(tokenFor('https://market.highfunk.uk', { cookie: 'defimon_token=a\r\nb' })).toBeUndefined();
    expect(tokenFor('https://market.highfunk.uk', {})).toBeUndefined();
  });
});

async function openSlow(url: string): Promise<HttpApp> {
  const { createHttpApp } = await import('../runtime/http.ts');
  const { pino } = await import('pino');
  const { Registry } = await import('prom-client');
  const log = pino({ level: 'silent' });
  const app = await createHttpApp({ service: 'admin', log, metrics: new Registry() });
  await addUpstreams(app, { upstreams: { analytics: url }, timeoutMs: 100, log });
  return app;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
