import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Market } from '../../market-collector/binance/messages.ts';
import { type ExchangeServer, startSimulatedExchange } from './exchange-server.ts';

type Options = Partial<Parameters<typeof startSimulatedExchange>[0]>;

const running: ExchangeServer[] = [];
const sockets: WebSocket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await Promise.all(running.splice(0).map((exchange) => exchange.stop()));
});

describe(startSimulatedExchange, () => {
  it.each([
    ['spot', '/api/v3', ['lastUpdateId', 'bids', 'asks']],
    ['usdm', '/fapi/v1', ['lastUpdateId', 'E', 'T', 'bids', 'asks']],
    ['coinm', '/dapi/v1', ['lastUpdateId', 'E', 'T', 'symbol', 'pair', 'bids', 'asks']],
  ] as const)('answers the requests of %s', async (market, prefix, fields) => {
    const exchange = await start({ market });
    expect(await get(exchange, `${prefix}/ping`)).toMatchObject({ status: 200, body: {} });
    expect(await get(exchange, `${prefix}/time`)).toMatchObject({ body: { serverTime: expect.any(Number) } });
    const info = await get(exchange, `${prefix}/exchangeInfo`);
    expect(info.body.symbols.map((one: { symbol: string }) => one.symbol)).toEqual(['AAAUSDT', 'BBBUSDT']);
    const depth = await get(exchange, `${prefix}/depth?symbol=AAAUSDT&limit=10`);
    expect([Object.keys(depth.body), depth.body.bids.length]).toEqual([fields, 10]);
    expect((await get(exchange, '/other/v9/ping')).status).toBe(404);
  });

  it.each([
    ['spot', '/api/v3/depth?limit=5', -1102],
    ['spot', '/api/v3/depth?symbol=NONE', -1121],
    ['spot', '/api/v3/depth?symbol=AAAUSDT&limit=x', -1130],
    ['spot', '/api/v3/exchangeInfo?symbol=NONE', -1121],
    ['usdm', '/fapi/v1/depth?symbol=AAAUSDT&limit=7', -4021],
  ] as const)('refuses on %s %s', async (market, path, code) => {
    const exchange = await start({ market });
    expect(await get(exchange, path)).toMatchObject({ status: 400, body: { code, msg: expect.any(String) } });
  });

  it.each([
    ['spot', '/api/v3', { 100: 5, 500: 25, 1000: 50, 5000: 250 }, 20],
    ['usdm', '/fapi/v1', { 5: 2, 100: 5, 500: 10, 1000: 20 }, 1],
  ] as const)('weighs the requests of %s', async (market, prefix, weights, exchangeInfo) => {
    const exchange = await start({ market });
    let used = 0;
    for (const [limit, weight] of Object.entries(weights)) {
      used += weight;
      expect((await get(exchange, `${prefix}/depth?symbol=AAAUSDT&limit=${limit}`)).usedWeight).toBe(used);
    }
    expect((await get(exchange, `${prefix}/exchangeInfo`)).usedWeight).toBe(used + exchangeInfo);
  });

  it('refuses what is too heavy, then bans, and says for how long', async () => {
    const exchange = await start({ limits: { weightPerMinute: 100, refusalsToBan: 2 }, clock: () => 30_000 });
    const path = '/api/v3/depth?symbol=AAAUSDT&limit=1000';
    expect([(await get(exchange, path)).status, (await get(exchange, path)).status]).toEqual([200, 200]);
    const refused = await get(exchange, path);
    expect(refused).toMatchObject({ status: 429, retryAfter: '30', body: { code: -1003 } });
    await get(exchange, path);
    expect(await get(exchange, path)).toMatchObject({ status: 418, retryAfter: '120', body: { code: -1003 } });
    const { violations, weightUsedMax, requests, answers } = exchange.counts();
    expect(violations).toEqual({ weight: 1, 'request while refused': 1, 'request while banned': 1 });
    expect([weightUsedMax, requests, answers]).toEqual([250, { depth: 5 }, { 200: 2, 418: 1, 429: 2 }]);
  });

  it('sends combined and raw streams', async () => {
    const exchange = await start();
    const combined = await connect(exchange, '/stream?streams=aaausdt@depth@100ms/aaausdt@bookTicker');
    const raw = await connect(exchange, '/ws/aaausdt@depth@100ms');
    await vi.waitFor(
      () => expect(new Set(streamsOf(combined))).toEqual(new Set(['aaausdt@depth@100ms', 'aaausdt@bookTicker'])),
      wait,
    );
    await vi.waitFor(() => expect(raw.messages.length).toBeGreaterThan(2), wait);
    expect(JSON.parse(raw.messages[0] as string)).toMatchObject({ e: 'depthUpdate', s: 'AAAUSDT' });
  });

  it('subscribes and unsubscribes a living connection', async () => {
    const exchange = await start();
    const client = await connect(exchange, '/stream');
    expect(await ask(client, { method: 'SUBSCRIBE', params: ['bbbusdt@depth@100ms'], id: 1 })).toEqual({
      result: null,
      id: 1,
    });
    await vi.waitFor(() => expect(streamsOf(client)).toContain('bbbusdt@depth@100ms'), wait);
    expect(exchange.counts()).toMatchObject({ connects: 1, connections: 1, subscriptions: 1 });
    await ask(client, { method: 'UNSUBSCRIBE', params: ['bbbusdt@depth@100ms'], id: 2 });
    expect(exchange.counts().subscriptions).toBe(0);
    expect(await ask(client, { method: 'LIST_SUBSCRIPTIONS', id: 3 })).toEqual({ result: [], id: 3 });
  });

  it('gives the same book by its streams as by its snapshots', async () => {
    const exchange = await start({ market: 'spot' });
    const client = await connect(exchange, '/ws/aaausdt@depth@100ms');
    await vi.waitFor(() => expect(client.messages.length).toBeGreaterThan(1), wait);
    const { body: snapshot } = await get(exchange, '/api/v3/depth?symbol=AAAUSDT&limit=5000');
    const book = new Map<string, string>(snapshot.bids);
    await vi.waitFor(() => {
      for (const message of client.messages.splice(0)) {
        const { u, b } = JSON.parse(message);
        if (u <= snapshot.lastUpdateId) continue;
        for (const [price, size] of b) Number(size) === 0 ? book.delete(price) : book.set(price, size);
        snapshot.lastUpdateId = u;
      }
      const truth = exchange.source.truth('AAAUSDT');
      expect(snapshot.lastUpdateId).toBe(truth?.lastUpdateId);
      expect(book).toEqual(new Map(truth?.bids));
    }, wait);
  });

  it('serves books and trades of USDⓈ-M at their own places only', async () => {
    const exchange = await start({ market: 'usdm' });
    const streams = 'streams=aaausdt@depth@100ms/aaausdt@aggTrade';
    const [books, trades, nothing] = await Promise.all([
      connect(exchange, `/public/stream?${streams}`),
      connect(exchange, `/market/stream?${streams}`),
      connect(exchange, `/stream?${streams}`),
    ]);
    await vi.waitFor(() => expect(books.messages.length * trades.messages.length).toBeGreaterThan(0), wait);
    expect(new Set(streamsOf(books))).toEqual(new Set(['aaausdt@depth@100ms']));
    expect(new Set(streamsOf(trades))).toEqual(new Set(['aaausdt@aggTrade']));
    expect(nothing.messages).toEqual([]);
    await expect(connect(await start(), '/public/stream')).rejects.toThrow('404');
  });

  it('ends a connection that says too much, and one that wants too much', async () => {
    const exchange = await start({ limits: { messagesPerSecond: 5, streamsPerConnection: 3 } });
    const chatty = await connect(exchange, '/ws');
    for (let ping = 0; ping < 6; ping++) chatty.socket.ping();
    expect(await chatty.closed).toBe(1008);
    const greedy = await connect(exchange, '/stream?streams=a/b/c/d');
    expect(await greedy.closed).toBe(1008);
    const growing = await connect(exchange, '/stream?streams=a/b');
    growing.socket.send(JSON.stringify({ method: 'SUBSCRIBE', params: ['c', 'd'], id: 1 }));
    expect(await growing.closed).toBe(1008);
    expect(exchange.counts().violations).toEqual({ messages: 1, streams: 2 });
  });

  it('refuses whoever connects too often', async () => {
    const exchange = await start({ limits: { connectsPer5Minutes: 2 } });
    await connect(exchange, '/ws');
    await connect(exchange, '/ws');
    await expect(connect(exchange, '/ws')).rejects.toThrow('429');
    expect(exchange.counts()).toMatchObject({ connects: 3, refusedConnects: 1, violations: { connects: 1 } });
  });

  it('answers a ping with its payload, and pings itself', async () => {
    const exchange = await start({ limits: { pingEveryMs: 20, messagesPerSecond: 1000 } });
    const client = await connect(exchange, '/ws');
    client.socket.ping('how are you');
    const [[pong]] = await Promise.all([once(client.socket, 'pong'), once(client.socket, 'ping')]);
    expect(String(pong)).toBe('how are you');
  });

  it('ends a connection that answers no ping', async () => {
    const exchange = await start({ limits: { pingEveryMs: 20, pongWithinMs: 100 } });
    const deaf = await connect(exchange, '/ws', { autoPong: false });
    expect(await deaf.closed).toBe(1006);
    expect(exchange.counts().violations).toEqual({ 'no pong': 1 });
  });

  it('tells before it ends a connection that is too old', async () => {
    const exchange = await start({ limits: { connectionLifeMs: 400, shutdownNoticeMs: 300 } });
    const [combined, raw] = await Promise.all([connect(exchange, '/stream'), connect(exchange, '/ws')]);
    expect([await combined.closed, await raw.closed]).toEqual([1001, 1001]);
    expect(JSON.parse(combined.messages[0] as string)).toEqual({
      stream: '!serverShutdown',
      data: { e: 'serverShutdown', E: expect.any(Number) },
    });
    expect(JSON.parse(raw.messages[0] as string)).toEqual({ e: 'serverShutdown', E: expect.any(Number) });
  });

  it('shuts down, and takes nobody, when it is told to', async () => {
    const exchange = await start();
    const client = await connect(exchange, '/stream');
    exchange.refuseConnections(true);
    exchange.shutDown(50);
    expect(await client.closed).toBe(1001);
    expect(streamsOf(client)).toEqual(['!serverShutdown']);
    await expect(connect(exchange, '/stream')).rejects.toThrow('503');
  });

  it('cuts connections, those of a stream only if told so', async () => {
    const exchange = await start();
    const one = await connect(exchange, '/stream?streams=aaausdt@depth@100ms');
    const other = await connect(exchange, '/stream?streams=bbbusdt@depth@100ms');
    expect(exchange.cut('reset', { streams: ['aaausdt@depth@100ms'] })).toBe(1);
    expect(await one.closed).toBe(1006);
    expect(other.socket.readyState).toBe(WebSocket.OPEN);
    expect(exchange.cut('close')).toBe(1);
    expect(await other.closed).toBe(1001);
  });

  it('falls silent without closing', async () => {
    const exchange = await start();
    const client = await connect(exchange, '/stream?streams=aaausdt@depth@100ms');
    const other = await connect(exchange, '/stream?streams=bbbusdt@depth@100ms');
    await vi.waitFor(() => expect(client.messages.length).toBeGreaterThan(0), wait);
    expect(exchange.goSilent({ streams: ['aaausdt@depth@100ms'] })).toBe(1);
    const otherHearsMore = async (): Promise<void> => {
      const heard = other.messages.length;
      await vi.waitFor(() => expect(other.messages.length).toBeGreaterThan(heard + 3), wait);
    };
    // What was under way has come by the time that others heard more.
    await otherHearsMore();
    const before = client.messages.length;
    await otherHearsMore();
    expect(client.messages.length).toBe(before);
    expect(client.socket.readyState).toBe(WebSocket.OPEN);
  });

  it('lets faults strike streams and snapshots', async () => {
    const exchange = await start();
    const rubbish = exchange.faults.injectStream({ kind: 'garbage', text: '{rubbish', symbols: ['AAAUSDT'] });
    const client = await connect(exchange, '/ws/aaausdt@depth@100ms');
    await vi.waitFor(() => expect(client.messages).toContain('{rubbish'), wait);
    expect(rubbish.count()).toBeGreaterThan(0);
    const path = '/api/v3/depth?symbol=AAAUSDT';
    exchange.faults.injectSnapshot({ kind: 'status', status: 418, retryAfterSeconds: 9, times: 1 });
    expect(await get(exchange, path)).toMatchObject({ status: 418, retryAfter: '9' });
    exchange.faults.injectSnapshot({ kind: 'reset', times: 1 });
    await expect(get(exchange, path)).rejects.toThrow();
    exchange.faults.injectSnapshot({ kind: 'half', times: 1 });
    await expect(get(exchange, path)).rejects.toThrow('JSON');
    exchange.faults.injectSnapshot({ kind: 'hang', times: 1 });
    await expect(get(exchange, path, AbortSignal.timeout(100))).rejects.toThrow('timeout');
    expect((await get(exchange, path)).status).toBe(200);
  });

  it('forgets a symbol, halts one, and starts ids anew, while the others go on', async () => {
    const exchange = await start();
    const client = await connect(exchange, '/stream?streams=aaausdt@depth@100ms/bbbusdt@depth@100ms');
    exchange.source.remove('AAAUSDT');
    expect(await get(exchange, '/api/v3/depth?symbol=AAAUSDT')).toMatchObject({ status: 400, body: { code: -1121 } });
    client.messages.splice(0);
    await vi.waitFor(() => expect(streamsOf(client)).toContain('bbbusdt@depth@100ms'), wait);
    expect(streamsOf(client)).not.toContain('aaausdt@depth@100ms');
    exchange.source.setStatus('BBBUSDT', 'HALT');
    expect((await get(exchange, '/api/v3/exchangeInfo?symbol=BBBUSDT')).body.symbols[0].status).toBe('HALT');
  });

  it('serves one market at two addresses, and says which port it cannot have', async () => {
    const exchange = await start({ ports: [0, 0] });
    expect(new URL(exchange.restUrl).port).not.toBe(new URL(exchange.streamUrl).port);
    await connect(exchange, '/ws');
    const taken = Number(new URL(exchange.restUrl).port);
    await expect(start({ ports: [taken] })).rejects.toThrow(`port ${taken} is in use`);
  });
});

/** Long enough for a machine that does other things. */
const wait = { timeout: 90_000, interval: 20 };

async function start(options: Options = {}) {
  const symbols = ['AAAUSDT', 'BBBUSDT'].map((symbol) => ({
    symbol,
    base: symbol.slice(0, 3),
    quote: 'USDT',
    tickSize: '0.0001',
    stepSize: '0.01',
    price: 12.34,
    levels: 60,
  }));
  const market: Market = options.market ?? 'spot';
  const exchange = await startSimulatedExchange({ symbols, updatesPerSecond: 10, ...options, market });
  running.push(exchange);
  return exchange;
}

async function get({ restUrl }: ExchangeServer, path: string, signal?: AbortSignal) {
  const response = await fetch(restUrl + path, { ...(signal && { signal }) });
  const text = await response.text();
  return {
    status: response.status,
    usedWeight: Number(response.headers.get('x-mbx-used-weight-1m')),
    retryAfter: response.headers.get('retry-after'),
    body: response.status === 404 ? undefined : JSON.parse(text),
  };
}

interface Client {
  readonly socket: WebSocket;
  readonly messages: string[];
  readonly closed: Promise<number>;
}

async function connect({ streamUrl }: ExchangeServer, path: string, options = {}): Promise<Client> {
  const socket = new WebSocket(streamUrl + path, options);
  sockets.push(socket);
  const messages: string[] = [];
  socket.on('message', (data) => messages.push(String(data)));
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  await once(socket, 'open');
  socket.on('error', () => undefined);
  return { socket, messages, closed };
}

async function ask({ socket, messages }: Client, request: { readonly id: number; readonly [field: string]: unknown }) {
  socket.send(JSON.stringify(request));
  return vi.waitFor(() => {
    const answer = messages.map((message) => JSON.parse(message)).find(({ id }) => id === request.id);
    expect(answer).toBeDefined();
    return answer;
  }, wait);
}

function streamsOf({ messages }: Client): string[] {
  return messages.map((message) => JSON.parse(message).stream);
}
