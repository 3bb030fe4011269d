import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { upstreamCloseCodes } from '../contracts/admin-answers.ts';
import { listen } from '../runtime/http-listen.ts';
import { openApp } from './admin-fixture.ts';
import { addSockets, socketLimits } from './sockets.ts';

const soon = { timeout: 90_000, interval: 10 };

describe(addSockets.name, () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  async function openAdmin(upstreams: { analytics?: string; market?: string }, trustedProxies: readonly string[] = []) {
    const app = await openApp({ upstreams, trustedProxies });
    const [url = ''] = await listen(app, [0], '127.0.0.1');
    ends.push(() => app.close());
    return { app, url: url.replace(/^http/, 'ws') };
  }
  async function openUpstream(port = 0) {
    const server = new WebSocketServer({ port, host: '127.0.0.1', path: '/ws' });
    await once(server, 'listening');
    const sockets: WebSocket[] = [];
    server.on('connection', (socket) => sockets.push(socket));
    const kill = async (): Promise<void> => {
      for (const socket of sockets) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    };
    ends.push(kill);
    const at = (server.address() as AddressInfo).port;
    return { port: at, url: `http://127.0.0.1:${at}`, sockets, kill, server };
  }
  function connect(url: string, headers: Record<string, string> = {}) {
    const socket = new WebSocket(url, { headers });
    const messages: string[] = [];
    socket.on('message', (data) => messages.push(data.toString()));
    socket.on('error', () => undefined);
    const closed = new Promise<{ code: number; reason: string }>((resolve) =>
      socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    ends.push(() => socket.terminate());
    return { socket, messages, closed };
  }

  it('passes messages on both ways, those too that come before the API has taken the connection', async () => {
    const upstream = await openUpstream();
    upstream.server.on('connection', (socket) => socket.on('message', (data) => socket.send(`heard ${data}`)));
    const { url } = await openAdmin({ analytics: upstream.url });

    const client = connect(`${url}/admin/api/analytics/ws`);
    await once(client.socket, 'open');
    client.socket.send('one');
    client.socket.send('two');

    await vi.waitFor(() => expect(client.messages).toEqual(['heard one', 'heard two']), soon);
  });

  it('tells how the API closed, and tells the API that the client has', async () => {
    const upstream = await openUpstream();
    const { url } = await openAdmin({ market: upstream.url });
    const one = connect(`${url}/admin/api/market/ws`);
    await vi.waitFor(() => expect(upstream.sockets).toHaveLength(1), soon);

    upstream.sockets[0]?.close(1008, 'a flood');
    expect(await one.closed).toEqual({ code: 1008, reason: 'a flood' });

    const two = connect(`${url}/admin/api/market/ws`);
    await vi.waitFor(() => expect(upstream.sockets).toHaveLength(2), soon);
    await vi.waitFor(() => expect(two.socket.readyState).toBe(WebSocket.OPEN), soon);
    const closed = once(upstream.sockets[1] as WebSocket, 'close');
    two.socket.close(1000, 'done');
    expect((await closed)[0]).toBe(1000);
  });

  it('closes at once when the API is killed, says while it is away that it is, and is well again with it', async () => {
    const upstream = await openUpstream();
    const { url } = await openAdmin({ analytics: upstream.url });
    const open = connect(`${url}/admin/api/analytics/ws`);
    await vi.waitFor(() => expect(upstream.sockets).toHaveLength(1), soon);
    upstream.sockets[0]?.send('hello');
    await vi.waitFor(() => expect(open.messages).toEqual(['hello']), soon);

    await upstream.kill();
    expect(await open.closed).toEqual({ code: upstreamCloseCodes.lost, reason: 'The analytics API is gone' });
    expect(await connect(`${url}/admin/api/analytics/ws`).closed).toEqual({
      code: upstreamCloseCodes.away,
      reason: 'The analytics API cannot be reached',
    });

    const again = await openUpstream(upstream.port);
    const anew = connect(`${url}/admin/api/analytics/ws`);
    await vi.waitFor(() => expect(again.sockets).toHaveLength(1), soon);
    again.sockets[0]?.send('back');
    await vi.waitFor(() => expect(anew.messages).toEqual(['back']), soon);
  });

  it('says what is not set, and takes nobody at other paths or from pages of others', async () => {
    const upstream = await openUpstream();
    const { url } = await openAdmin({ analytics: upstream.url });

    expect(await connect(`${url}/admin/api/market/ws`).closed).toEqual({
      code: upstreamCloseCodes.away,
      reason: 'MARKET_API_URL is not set',
    });
    for (const [path, headers] of [
      ['/admin/api/analytics/api/v1/health', {}],
      ['/admin/api/analytics/ws', { origin: 'https://evil.example' }],
    ] as const) {
      expect((await connect(`${url}${path}`, headers).closed).code, path).toBe(1006);
    }
    const own = connect(`${url}/admin/api/analytics/ws`, { origin: url.replace(/^ws/, 'http') });
    await vi.waitFor(() => expect(own.socket.readyState).toBe(WebSocket.OPEN), soon);
    expect(upstream.sockets.length).toBeLessThanOrEqual(1);
  });

  it('tells an API who connects: as the gateway says, if it is trusted, and never as the caller says himself', async () => {
    const upstream = await openUpstream();
    const told: unknown[] = [];
    upstream.server.on('connection', (_socket, { headers }) => told.push(headers['x-forwarded-for']));
    const headers = { 'x-forwarded-for': '198.51.100.9, 203.0.113.1' };
    for (const trustedProxies of [['loopback'], []]) {
      const { url } = await openAdmin({ analytics: upstream.url }, trustedProxies);
      connect(`${url}/admin/api/analytics/ws`, headers);
      await vi.waitFor(() => expect(told.length).toBeGreaterThan(trustedProxies.length === 0 ? 1 : 0), soon);
    }
    expect(told).toEqual(['203.0.113.1', '127.0.0.1']);
  });

  it('reads an API only as fast as its client reads, so that the API sees a slow reader', async () => {
    const upstream = await openUpstream();
    const { url } = await openAdmin({ market: upstream.url });
    const client = connect(`${url}/admin/api/market/ws`);
    await vi.waitFor(() => expect(upstream.sockets).toHaveLength(1), soon);
    await vi.waitFor(() => expect(client.socket.readyState).toBe(WebSocket.OPEN), soon);
    const [source] = upstream.sockets;
    client.socket.pause();

    // Far more than the buffers of the system and ours hold.
    const megabyte = 'x'.repeat(1024 * 1024);
    for (let sent = 0; sent < 64; sent++) source?.send(megabyte);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(source?.bufferedAmount).toBeGreaterThan(16 * socketLimits.bufferBytesMax);

    client.socket.resume();
    await vi.waitFor(() => expect(client.messages).toHaveLength(64), soon);
  });

  it('says goodbye to its clients when it ends', async () => {
    const upstream = await openUpstream();
    const { app, url } = await openAdmin({ analytics: upstream.url });
    const client = connect(`${url}/admin/api/analytics/ws`);
    await vi.waitFor(() => expect(upstream.sockets).toHaveLength(1), soon);
    await vi.waitFor(() => expect(client.socket.readyState).toBe(WebSocket.OPEN), soon);

    await app.close();

    expect((await client.closed).code).toBe(1001);
    await vi.waitFor(() => expect(upstream.sockets[0]?.readyState).toBe(WebSocket.CLOSED), soon);
  });
});
