import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { BookNews, CandleNews, GapNews, TradeNews } from '../../contracts/market-messages.ts';
import { createOrderBook } from '../../datasets/market/order-book.ts';
import { buildDepth, buildGap, buildSnapshot, buildTicker, buildTrade } from '../../datasets/market/read-fixtures.ts';
import type { MarketRecord } from '../../datasets/market/record.ts';
import { listen } from '../../runtime/http-listen.ts';
import { type SocketOptions, socketDefaults } from '../../runtime/socket/socket-route.ts';
import { misfitsOf } from '../../runtime/socket/testing/misfits.ts';
import { type Client, connect as connectTo, type Message, until } from '../../runtime/socket/testing/socket-client.ts';
import { depsOf, type MarketStores, openMarketStores, write } from '../api-fixture.ts';
import { createMarketApp } from '../app.ts';
import { createCandleFeed } from '../live/candle-feed.ts';
import { type LiveMarket, openLiveMarket } from '../live/live-market.ts';
import { createCandleReader } from '../live/newest-candles.ts';
import { findPair } from '../pairs.ts';

const symbols = [...Array.from({ length: 9 }, (_, at) => `TEST${at}USDT`), 'TEST1USDT.P', 'TEST7USDT.P'];

let stores: MarketStores;
const closers: (() => Promise<unknown>)[] = [];
const clients: Client[] = [];
beforeAll(async () => {
  stores = await openMarketStores();
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  // The pages take what is so, and nothing else.
  for (const { messages } of clients.splice(0)) expect(misfitsOf(messages, formOf)).toEqual([]);
});
afterAll(async () => {
  await stores?.[Symbol.asyncDispose]();
});

describe('GET /ws', () => {
  it('carries books, trades and tickers as they are written, of spot and of futures', async () => {
    const { url } = await openServer();
    for (const symbol of ['TEST0USDT', 'TEST1USDT.P']) {
      await write(stores, [snapshotOf(symbol, 10), depthOf(symbol, 11)]);
      const client = await connect(url);
      for (const [id, channel] of ['book', 'trades', 'ticker'].entries())
        client.say({ op: 'subscribe', id, channel, symbols: [symbol] });
      await client.until((message) => message.type === 'snapshot');
      const step = symbol.endsWith('.P') ? 3 : 1;
      for (let at = 1; at <= 5; at++) {
        const id = 11 + at * step;
        const continues = step === 1 ? { firstUpdateId: id } : { previousUpdateId: id - step };
        await write(stores, [depthOf(symbol, id, continues), trade(symbol, at), ticker(symbol, id)]);
      }
      await client.until((message) => message.type === 'diff' && message.lastUpdateId === 11 + 5 * step);
      await client.until((message) => message.type === 'ticker' && message.updateId === 11 + 5 * step);
      await client.until((message) => message.type === 'trade' && message.tradeId === 5);
      const trades = client.messages.filter(({ type }) => type === 'trade');
      expect(trades.map(({ tradeId }) => tradeId)).toEqual([1, 2, 3, 4, 5]);
      expect(await bookOf(url, symbol)).toMatchObject(rebuild(client.messages));
    }
  });

  it('tells a gap, and sends the whole book once it is over', async () => {
    const { url } = await openServer();
    const symbol = 'TEST2USDT';
    const now = Date.now();
    await write(stores, [snapshotOf(symbol, 10, { eventTimeMs: now - 1000 })]);
    const client = await connect(url);
    client.say({ op: 'subscribe', channel: 'book', symbols: [symbol] });
    await client.until(({ type }) => type === 'snapshot');
    const gap = buildGap({ symbol, fromUpdateId: 11, openedAtMs: now });
    await write(stores, [depthOf(symbol, 11, { eventTimeMs: now - 500 })], [gap]);
    await client.until(({ type, state }) => type === 'gap' && state === 'open');
    const whole = snapshotOf(symbol, 50, { eventTimeMs: now + 1000 });
    await write(stores, [whole, depthOf(symbol, 51)], [{ ...gap, toUpdateId: 50, closedAtMs: now + 1000 }]);
    await client.until(({ type, state }) => type === 'gap' && state === 'closed');
    expect(client.messages.map(({ type, reason }) => (type === 'snapshot' ? reason : type))).toEqual([
      'subscribed',
      'subscribed',
      'diff',
      'gap',
      'replaced',
      'gap',
    ]);
    expect(await bookOf(url, symbol)).toMatchObject(rebuild(client.messages));
  });

  it('goes on from the last update a client had, but not over a gap or from what it does not know', async () => {
    const { url } = await openServer();
    const symbol = 'TEST3USDT';
    await write(stores, [snapshotOf(symbol, 10), depthOf(symbol, 11)]);
    const first = await connect(url);
    first.say({ op: 'subscribe', channel: 'book', symbols: [symbol] });
    await first.until(({ type }) => type === 'snapshot');
    first.socket.terminate();
    await write(
      stores,
      Array.from({ length: 1200 }, (_, at) => depthOf(symbol, 12 + at)),
    );
    const second = await connect(url);
    second.say({ op: 'subscribe', channel: 'book', symbols: [symbol], resume: { [symbol]: 11 } });
    await write(stores, [depthOf(symbol, 1212)]);
    await second.until(({ lastUpdateId }) => lastUpdateId === 1212);
    const types = second.messages.map(({ type }) => type);
    expect(types.slice(0, 2)).toEqual(['subscribed', 'resumed']);
    expect(new Set(types.slice(2))).toEqual(new Set(['diff']));
    expect(await bookOf(url, symbol)).toMatchObject(rebuild([...first.messages, ...second.messages]));

    const third = await connect(url);
    third.say({ op: 'subscribe', channel: 'book', symbols: [symbol], resume: { [symbol]: 9 } });
    await third.until(({ type, reason }) => type === 'snapshot' && reason === 'not-resumable');
    const opened = Date.now() + 1000;
    const whole = snapshotOf(symbol, 1300, { eventTimeMs: opened + 10 });
    const gap = buildGap({ symbol, fromUpdateId: 1212, toUpdateId: 1300, openedAtMs: opened, closedAtMs: opened + 30 });
    await write(stores, [whole], [gap]);
    await third.until(({ type, lastUpdateId }) => type === 'snapshot' && lastUpdateId === 1300);
    const fourth = await connect(url);
    fourth.say({ op: 'subscribe', channel: 'book', symbols: [symbol], resume: { [symbol]: 1212 } });
    await fourth.until(({ type, reason }) => type === 'snapshot' && reason === 'not-resumable');
  });

  it('does not lead a client over the restart of the collector, nor over a hole that no gap tells of', async () => {
    const { url } = await openServer();
    const now = Date.now() - 60_000;
    const at = (symbol: string, ms: number) => ({ symbol, eventTimeMs: now + ms, receivedAtMs: now + ms + 50 });
    for (const symbol of ['TEST7USDT', 'TEST7USDT.P']) {
      await write(stores, [snapshotOf(symbol, 100, at(symbol, 0)), depthOf(symbol, 101, at(symbol, 1000))]);
      const restart = { reason: 'restart', fromUpdateId: 101, toUpdateId: 200, openedAtMs: now + 1000 } as const;
      const gaps = [buildGap({ symbol, ...restart, closedAtMs: now + 20_060 })];
      const after = [201, 202].map((id) => depthOf(symbol, id, at(symbol, 20_000 + id)));
      await write(stores, [snapshotOf(symbol, 200, at(symbol, 20_000)), ...after], gaps);
    }
    const hole = 'TEST8USDT';
    await write(stores, [snapshotOf(hole, 100, at(hole, 0)), depthOf(hole, 101, at(hole, 10))]);
    await write(stores, [depthOf(hole, 110, { ...at(hole, 20), firstUpdateId: 105 })]);
    const client = await connect(url);
    for (const symbol of ['TEST7USDT', 'TEST7USDT.P', hole]) {
      client.say({ op: 'subscribe', channel: 'book', symbols: [symbol], resume: { [symbol]: 101 } });
      const isIts = (type: string) => (message: Message) => message.type === type && message.symbol === symbol;
      await client.until(isIts('snapshot'));
      const whole = client.messages.find(isIts('snapshot'));
      expect(whole).toMatchObject({ reason: 'not-resumable', state: symbol === hole ? 'gap' : 'live' });
      expect(client.messages.filter(isIts('diff'))).toEqual([]);
    }
  });

  it('resets the book of a client that does not read, and makes it whole again', async () => {
    const sender = { bufferBytesMax: 4 * 1024 * 1024, resumeBytes: 1024 * 1024, slowMs: 120_000 };
    const { url } = await openServer({ sender });
    const symbol = 'TEST4USDT';
    await write(stores, [snapshotOf(symbol, 10)]);
    const [slow, quick] = [await connect(url), await connect(url)];
    for (const client of [slow, quick]) {
      for (const channel of ['book', 'trades']) client.say({ op: 'subscribe', channel, symbols: [symbol] });
      await client.until(({ type }) => type === 'snapshot');
    }
    await delay(100);
    slow.socket.pause();
    const levels = Array.from({ length: 4000 }, (_, at) => [`${1000 - at / 10}`, '0.00000000'] as const);
    const bids = JSON.stringify(levels);
    // More than the sockets of a machine hold by themselves.
    for (let at = 0; at < 20; at++) {
      const records = Array.from({ length: 20 }, (_, n) => depthOf(symbol, 11 + at * 20 + n, { bids }));
      await write(stores, [...records, ...Array.from({ length: 20 }, (_, n) => trade(symbol, 1 + at * 20 + n))]);
    }
    await quick.until(({ lastUpdateId }) => lastUpdateId === 410);
    await quick.until(({ tradeId }) => tradeId === 400);
    slow.socket.resume();
    await slow.until(({ type, reason }) => type === 'snapshot' && reason === 'reset');
    await write(stores, [depthOf(symbol, 411), trade(symbol, 401)]);
    await slow.until(({ lastUpdateId, type }) => lastUpdateId === 411 && type === 'diff');
    await slow.until(({ tradeId }) => tradeId === 401);
    expect(slow.messages.map(({ seq }) => seq)).toEqual(slow.messages.map((_, at) => at + 1));
    expect(slow.messages.filter(({ type }) => type === 'reset').length).toBeGreaterThan(0);
    expect(await bookOf(url, symbol)).toMatchObject(rebuild(slow.messages));
    let trades = 0;
    for (const { type, count } of slow.messages)
      trades += type === 'trade' ? 1 : type === 'dropped' ? Number(count) : 0;
    expect(trades).toBe(401);
    expect(quick.messages.filter(({ type }) => type === 'reset')).toEqual([]);
  });

  it('ends all that a client follows when it disappears', async () => {
    const { url, follows } = await openServer();
    const client = await connect(url);
    client.say({ op: 'subscribe', channel: 'book', symbols: ['TEST5USDT', 'TEST6USDT'] });
    client.say({ op: 'subscribe', channel: 'trades', symbols: ['TEST5USDT'] });
    await client.until(({ type, channel }) => type === 'subscribed' && channel === 'trades');
    expect(follows.size).toBe(5);
    client.socket.terminate();
    await until(() => follows.size === 0);
  });

  it('closes on messages that are too long, and on binary says what to send', async () => {
    const { url } = await openServer({ payloadBytesMax: 1000 });
    const client = await connect(url);
    client.socket.send(Buffer.from([1, 2]));
    await client.until(({ code }) => code === 'invalid-message');
    client.socket.send('x'.repeat(2000));
    expect(await client.closed).toMatchObject({ code: 1009 });
  });

  it('gives up clients that do not answer pings, and keeps those that do', async () => {
    const { url } = await openServer({ pingMs: 100, silentMs: 3_000 });
    const [dead, alive] = [await connect(url, { autoPong: false }), await connect(url)];
    expect(await dead.closed).toMatchObject({ code: 1006 });
    alive.say({ op: 'ping', id: 'on' });
    await alive.until(({ type }) => type === 'pong');
  });

  it('takes so many connections, and only of WebSockets', async () => {
    const { url } = await openServer({ connectionsMax: 1 });
    await connect(url);
    await expect(connect(url)).rejects.toThrow('503');
    const plain = await fetch(`${url}/ws`);
    expect([plain.status, plain.headers.get('upgrade')]).toEqual([426, 'websocket']);
    await expect(connect(url, {}, '/wss')).rejects.toThrow('404');
    await expect(connect(url, {}, '/symbols')).rejects.toThrow('400');
  });

  it('answers who offers a token as a subprotocol with the word before it alone', async () => {
    const { url } = await openServer();
    const client = await connect(url, { protocols: ['bearer', 'abc.def'] });
    expect(client.socket.protocol).toBe('bearer');
  });

  it('counts its clients, what they are sent, and those that it sends away', async () => {
    const { url, metrics, close } = await openServer({ payloadBytesMax: 1000, connectionsPerCallerMax: 2 });
    const [long, other] = [await connect(url), await connect(url)];
    await expect(connect(url)).rejects.toThrow('503');
    other.say({ op: 'ping' });
    await other.until(({ type }) => type === 'pong');
    long.socket.send('x'.repeat(2000));
    await long.closed;
    const holds = async (line: string) => (await metrics.metrics()).includes(`${line}\n`);
    await until(() => holds('defimon_market_clients 1'));
    await close();
    for (const line of [
      'defimon_market_clients 0',
      'defimon_market_client_messages_total 1',
      'defimon_market_clients_dropped_total{reason="limit"} 1',
      'defimon_market_clients_dropped_total{reason="protocol"} 1',
      'defimon_market_clients_dropped_total{reason="shutdown"} 1',
    ])
      expect([line, await holds(line)]).toEqual([line, true]);
  });

  it('says goodbye when the service ends', async () => {
    const { url, close } = await openServer();
    const client = await connect(url);
    await close();
    expect(await client.closed).toMatchObject({ code: 1001, reason: expect.stringContaining('connect again') });
  });
});

const connect: typeof connectTo = async (...args) => {
  const client = await connectTo(...args);
  closers.push(async () => client.socket.terminate());
  clients.push(client);
  return client;
};

/** As what the pages read a message; undefined if they do not. */
function formOf({ channel, symbol, type }: Message) {
  if (symbol === undefined) return undefined;
  if (type === 'gap') return GapNews;
  if (channel === 'book') return BookNews;
  if (type === 'candle') return CandleNews;
  return type === 'trade' || type === 'dropped' ? TradeNews : undefined;
}

async function openServer(options: Partial<SocketOptions> = {}) {
  const deps = depsOf(stores, symbols);
  const { relational, timeseries, clock, log, catalog } = deps;
  const pair = (symbol: string) => findPair(catalog.current(), symbol);
  const started = await openLiveMarket({ relational, clock, log, pollMs: 100, findPair: pair });
  const follows = new Set<object>();
  const counted = (stop: () => void) => {
    const follow = {};
    follows.add(follow);
    return () => {
      follows.delete(follow);
      stop();
    };
  };
  const live: LiveMarket = {
    ...started.part,
    follow: (...args) => counted(started.part.follow(...args)),
    followGaps: (...args) => counted(started.part.followGaps(...args)),
  };
  const candles = createCandleFeed({ read: createCandleReader(timeseries, clock), tickMs: 50, clock, log });
  const app = await createMarketApp({ ...deps, live, candles }, { ...socketDefaults, ...options });
  const [url = ''] = await listen(app, [0], '127.0.0.1');
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= app
      .close()
      .then(() => candles.stop())
      .then(() => started.stop());
    return closing;
  };
  closers.push(close);
  return { url, follows, close, metrics: deps.metrics };
}

/** The book of a client that follows the messages, in the form of GET /book. */
function rebuild(messages: readonly Message[]): object {
  const book = createOrderBook();
  let lastUpdateId = 0;
  for (const message of messages) {
    const sides = { bids: JSON.stringify(message.bids), asks: JSON.stringify(message.asks) };
    if (message.type === 'snapshot') {
      book.load(sides, {
        bidFloor: message.bidFloor as string | null,
        askCeiling: message.askCeiling as string | null,
      });
      lastUpdateId = Number(message.lastUpdateId);
    } else if (message.type === 'diff') {
      expect(message.previousUpdateId).toBe(lastUpdateId);
      book.apply(sides);
      lastUpdateId = Number(message.lastUpdateId);
    }
  }
  return { state: 'live', lastUpdateId, bids: book.levels('bid'), asks: book.levels('ask') };
}

async function bookOf(url: string, symbol: string): Promise<unknown> {
  return (await fetch(`${url}/book/${symbol}?depth=5000`)).json();
}

/** An update that sets one of ten levels of each side. */
function depthOf(symbol: string, updateId: number, parts: Partial<MarketRecord> = {}): MarketRecord {
  const level = updateId % 10;
  return buildDepth(updateId, {
    symbol,
    eventTimeMs: Date.now(),
    bids: `[["${100 - level}.00","${updateId}.5"]]`,
    asks: `[["${101 + level}.00","${updateId}.25"]]`,
    ...parts,
  });
}

function snapshotOf(symbol: string, updateId: number, parts: Partial<MarketRecord> = {}): MarketRecord {
  const bids = '[["99.00","1.0"],["98.00","2.0"]]';
  return buildSnapshot(updateId, {
    symbol,
    eventTimeMs: Date.now(),
    bids,
    asks: '[["101.00","3.0"]]',
    bidFloor: '98.00',
    askCeiling: null,
    ...parts,
  });
}

function trade(symbol: string, id: number): MarketRecord {
  return buildTrade(id, { symbol, eventTimeMs: Date.now() });
}

function ticker(symbol: string, id: number): MarketRecord {
  return buildTicker(id, { symbol, eventTimeMs: Date.now() });
}
