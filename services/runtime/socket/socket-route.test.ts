import { pino } from 'pino';
import { Counter, Gauge, Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpApp } from '../http.ts';
import { listen } from '../http-listen.ts';
import { addSocketRoute, type SocketOptions, socketDefaults } from './socket-route.ts';
import { connect as connectTo, until } from './testing/socket-client.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe(addSocketRoute, () => {
  it('counts behind a gateway by the address that it wrote, or the token that it checked', async () => {
    const { url } = await serve({ connectionsPerCallerMax: 1 }, ['loopback']);
    const one = { 'x-forwarded-for': '203.0.113.1' };
    await connect(url, one);
    await connect(url, { 'x-forwarded-for': '203.0.113.2' });
    // What stands before it came from the caller.
    await expect(connect(url, { 'x-forwarded-for': '198.51.100.9, 203.0.113.1' })).rejects.toThrow('503');
    await expect(connect(url, one, ['bearer', 'made-up'])).rejects.toThrow('503');
    await connect(url, { ...one, authorization: 'Bearer a' });
    await connect(url, { ...one, authorization: 'Bearer b' });
    await expect(connect(url, { ...one, authorization: 'Bearer a' })).rejects.toThrow('503');
  });

  it('counts by the address alone where nobody has checked a token', async () => {
    const { url } = await serve({ connectionsPerCallerMax: 1 });
    await connect(url, { authorization: 'Bearer a', 'x-forwarded-for': '203.0.113.1' });
    await expect(connect(url, { authorization: 'Bearer b', 'x-forwarded-for': '203.0.113.2' })).rejects.toThrow('503');
  });

  it('has room again once a connection is gone, and counts whom it sent away', async () => {
    const { url, dropped, clients, taken } = await serve({ connectionsMax: 1 });
    const first = await connect(url, {});
    expect((await taken.get()).values[0]?.value).toBe(1);
    await expect(connect(url, {})).rejects.toThrow('503');
    expect((await dropped.get()).values).toEqual([{ labels: { reason: 'limit' }, value: 1 }]);
    first.socket.close();
    await until(async () => (await clients.get()).values[0]?.value === 0);
    await connect(url, {});
  });
});

async function connect(url: string, headers: object, protocols: string[] = []) {
  const client = await connectTo(url, { headers, protocols });
  closers.push(() => client.socket.terminate());
  return client;
}

async function serve(options: Partial<SocketOptions>, trustedProxies: readonly string[] = []) {
  const metrics = new Registry();
  const log = pino({ level: 'silent' });
  const told = { help: 'told', registers: [metrics] };
  const clients = new Gauge({ name: 'clients', ...told });
  const taken = new Gauge({ name: 'taken', labelNames: ['service'], ...told });
  const dropped = new Counter({ name: 'dropped', labelNames: ['reason'], ...told });
  const app = await createHttpApp({ service: 'test', log, metrics, trustedProxies });
  await addSocketRoute(app, {
    ...{ path: '/ws', summary: 'Nothing', options: { ...socketDefaults, ...options } },
    open: (outlet) => ({
      receive: () => undefined,
      refuse: () => undefined,
      check: () => undefined,
      close: (code, reason) => outlet.close(code, reason),
      stop: () => undefined,
    }),
    ...{
      clients,
      taken: taken.labels({ service: 'test' }),
      dropped,
      messages: new Counter({ name: 'messages', ...told }),
      clock: Date.now,
      log,
    },
  });
  const [url = ''] = await listen(app, [0], '127.0.0.1');
  closers.push(() => app.close());
  return { url, clients, taken, dropped };
}
