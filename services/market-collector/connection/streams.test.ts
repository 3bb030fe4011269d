import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type MarketRules, rulesOf, type StreamKind } from '../binance/markets.ts';
import { createConnectLimiter } from './connect-limiter.ts';
import { createStreams, type Streams, type StreamsOptions } from './streams.ts';
import { type StreamServer, startStreamServer } from './testing/stream-server.ts';

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

describe(createStreams, () => {
  it('spreads symbols over the connections and asks for the streams of each by the address', async () => {
    const { server } = await started({ symbols: ['AUSDT', 'BUSDT', 'CUSDT'], connections: 2 });
    await vi.waitFor(() => expect(server.peers).toHaveLength(2), wait);
    const sets = server.peers.map(({ path, streams }) => [path, ...[...streams].toSorted()]);
    expect(sets.toSorted()).toEqual([
      ['/stream', ...namesOf('ausdt'), ...namesOf('cusdt')].toSorted(),
      ['/stream', ...namesOf('busdt')].toSorted(),
    ]);
  });

  it('delivers messages as they are, with the time at which they came', async () => {
    const { server, got } = await started({ symbols: ['AUSDT'], clock: () => 42 });
    await open(server, 1);
    server.publish('ausdt@trade', { e: 'trade', t: 1 });
    await vi.waitFor(() => expect(got).toHaveLength(1), wait);
    expect(got).toEqual([{ text: '{"stream":"ausdt@trade","data":{"e":"trade","t":1}}', receivedAtMs: 42 }]);
  });

  it('goes to both routes of a market that serves books and trades apart', async () => {
    const { server } = await started({ symbols: ['AUSDT'], rules: rulesOf('usdm') });
    await open(server, 2);
    expect(server.attempts.toSorted()).toEqual([
      '/market/stream?streams=ausdt@aggTrade',
      '/public/stream?streams=ausdt@depth@100ms/ausdt@bookTicker',
    ]);
  });

  it('follows a new symbol and drops a removed one on the open connections, and moves no other', async () => {
    const { server, streams, healed } = await started({ symbols: ['AUSDT', 'BUSDT'], connections: 2 });
    await vi.waitFor(() => expect(healed).toHaveLength(2), wait);
    const attempts = server.attempts.length;
    streams.setSymbols(['AUSDT', 'CUSDT']);
    await vi.waitFor(() => {
      const followed = server.peers.flatMap((peer) => [...peer.streams]).toSorted();
      expect(followed).toEqual([...namesOf('ausdt'), ...namesOf('cusdt')].toSorted());
    }, wait);
    const requests = server.peers.flatMap((peer) => peer.requests.map(({ method, params }) => [method, ...params]));
    expect(requests).toEqual([
      ['SUBSCRIBE', ...namesOf('cusdt')],
      ['UNSUBSCRIBE', ...namesOf('busdt')],
    ]);
    expect(server.attempts).toHaveLength(attempts);
    // The new one is told of once its request is answered.
    await vi.waitFor(() => expect(healed.at(-1)).toEqual({ symbols: ['CUSDT'], kinds: allKinds }), wait);
    expect(healed).toHaveLength(3);
    expect(streams.stats().broken).toEqual([]);
  });

  it('opens a connection more when the others are full, and closes one that has no symbol left', async () => {
    const { server, streams } = await started({ symbols: ['AUSDT', 'BUSDT'], chunkSize: 2, connections: 1 });
    await open(server, 1);
    streams.setSymbols(['AUSDT', 'BUSDT', 'CUSDT']);
    await open(server, 2);
    // The server sees a connection a moment before its client does.
    await vi.waitFor(() => expect(streams.stats()).toMatchObject({ open: 2, wanted: 2 }), wait);
    streams.setSymbols(['AUSDT']);
    await open(server, 1);
    await vi.waitFor(() => expect(streams.stats()).toMatchObject({ open: 1, wanted: 1 }), wait);
  });

  it('carries no more streams on a connection than the exchange allows, whatever the chunk', async () => {
    const rules = { ...rulesOf('spot'), streamsMax: 7 };
    const { server } = await started({ symbols: ['AUSDT', 'BUSDT', 'CUSDT'], rules, chunkSize: 50, connections: 1 });
    await open(server, 2);
    expect(server.peers.map(({ streams }) => streams.size).toSorted()).toEqual([3, 6]);
  });

  it('subscribes what is too long for an address once it is open', async () => {
    const symbols = Array.from({ length: 300 }, (_, at) => `LONGSYMBOLNAME${at}USDT`);
    const { server } = await started({ symbols, chunkSize: 300, connections: 1 });
    await vi.waitFor(() => expect(server.peers[0]?.streams.size).toBe(900), wait);
    expect(server.attempts[0]?.length).toBeLessThan(8_000);
  });

  it('says which symbols are lost and when they are back, and connects again', async () => {
    const { server, broken, healed } = await started({ symbols: ['AUSDT', 'BUSDT'], connections: 2 });
    await open(server, 2);
    const lost = server.peers.find(({ streams }) => streams.has('ausdt@trade'));
    lost?.socket.terminate();
    await vi.waitFor(() => expect(healed).toHaveLength(3), wait);
    expect(healed.map(({ symbols }) => symbols.join()).toSorted()).toEqual(['AUSDT', 'AUSDT', 'BUSDT']);
    expect(healed[2]).toEqual({ symbols: ['AUSDT'], kinds: allKinds });
    expect(broken).toMatchObject([{ symbols: ['AUSDT'], kinds: allKinds }]);
    await open(server, 2);
  });

  it('names only the kinds of streams that are lost', async () => {
    const { server, broken } = await started({ symbols: ['AUSDT'], rules: rulesOf('usdm') });
    await open(server, 2);
    server.peers.find(({ path }) => path.startsWith('/market'))?.socket.terminate();
    await vi.waitFor(() => expect(broken).toMatchObject([{ symbols: ['AUSDT'], kinds: ['trade'] }]), wait);
  });

  it('replaces a connection whose time is up without losing, doubling or swapping a message', async () => {
    const { server, got, broken } = await started({
      symbols: ['AUSDT', 'BUSDT'],
      connections: 1,
      times: { rollAfterMs: 150, overlapMs: 2_000 },
    });
    await open(server, 1);
    const published = await publishUntil(server, ['ausdt', 'busdt'], () => server.attempts.length >= 4);
    await vi.waitFor(() => expect(textsOf(got)).toEqual(published), wait);
    expect(broken).toEqual([]);
  });

  it.each([
    ['behind', 0],
    ['ahead', 1],
  ])('loses nothing when the new connection is %s of the old one', async (_, slow) => {
    const { server, got, broken, streams } = await started({
      symbols: ['AUSDT'],
      connections: 1,
      times: { rollAfterMs: 150, overlapMs: 2_000 },
    });
    await open(server, 1);
    // The one that came first is the old one.
    const published = await publishUntil(server, ['ausdt'], () => {
      server.peers.forEach((peer, at) => {
        peer.delayMs = server.peers.length === 2 && (at === 0) === (slow === 1) ? 40 : 0;
      });
      return streams.stats().rolls >= 1;
    });
    await vi.waitFor(() => expect(textsOf(got).toSorted()).toEqual(published.toSorted()), wait);
    for (const stream of namesOf('ausdt')) {
      const of = (texts: readonly string[]): string[] => texts.filter((text) => text.includes(stream));
      expect(of(textsOf(got))).toEqual(of(published));
    }
    expect(broken).toEqual([]);
  });

  it('replaces the connection at once when its server says that it shuts down', async () => {
    const { server, got, broken, streams } = await started({ symbols: ['AUSDT'], times: { overlapMs: 2_000 } });
    await open(server, 1);
    const [old] = server.peers;
    old?.socket.send('{"e":"serverShutdown","E":1770123456789}');
    const published = await publishUntil(server, ['ausdt'], () => streams.stats().rolls === 1);
    await vi.waitFor(() => expect(textsOf(got)).toEqual(published), wait);
    expect(broken).toEqual([]);
    expect(server.peers).not.toContain(old);
  });

  it('goes on to a third server when the second one shuts down before it has taken over', async () => {
    const { server, got, broken, streams } = await started({ symbols: ['AUSDT'], times: { overlapMs: 2_000 } });
    await open(server, 1);
    const notice = '{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}';
    server.peers[0]?.socket.send(notice);
    await open(server, 2);
    const second = server.peers[1];
    second?.socket.send(notice);
    const published = await publishUntil(server, ['ausdt'], () => streams.stats().rolls === 2);
    await vi.waitFor(() => expect(textsOf(got)).toEqual(published), wait);
    expect(server.peers).not.toContain(second);
    expect(broken).toEqual([]);
  });

  it('comes back when the connection ends while its replacement is refused', async () => {
    const { server, broken, healed } = await started({
      symbols: ['AUSDT'],
      times: { rollAfterMs: 100 },
      reconnectDelayMs: 200,
    });
    await open(server, 1);
    server.refuseWith(503);
    await vi.waitFor(() => expect(server.attempts.length).toBeGreaterThanOrEqual(3), wait);
    expect(broken).toEqual([]);
    server.peers[0]?.socket.terminate();
    await vi.waitFor(() => expect(broken).toHaveLength(1), wait);
    server.refuseWith(undefined);
    await vi.waitFor(() => expect(healed).toHaveLength(2), wait);
  });

  it('takes over at once what the new connection has, when the old one ends before they are in step', async () => {
    const { server, got, broken, streams } = await started({
      symbols: ['AUSDT'],
      times: { rollAfterMs: 100, overlapMs: 30_000 },
    });
    await open(server, 2);
    // The old one is silent: the new one alone has this message, and holds it.
    const [old] = server.peers;
    if (old !== undefined) old.mute = true;
    server.publish('ausdt@trade', { t: 1 });
    await vi.waitFor(() => expect(streams.stats().messages).toBe(1), wait);
    expect(got).toEqual([]);
    old?.socket.terminate();
    await vi.waitFor(() => expect(textsOf(got)).toEqual(['{"stream":"ausdt@trade","data":{"t":1}}']), wait);
    expect(broken).toEqual([]);
  });

  it('waits for a silent symbol no longer than the overlap', async () => {
    const { server, streams, broken } = await started({
      symbols: ['AUSDT'],
      times: { rollAfterMs: 100, overlapMs: 100 },
    });
    await vi.waitFor(() => expect(streams.stats().rolls).toBeGreaterThanOrEqual(1), wait);
    expect(server.attempts.length).toBeGreaterThanOrEqual(2);
    expect(broken).toEqual([]);
  });

  it('replaces a connection from which no frame comes, though it was asked by a ping', async () => {
    const { server, broken, healed } = await started({ symbols: ['AUSDT'], times: { idleMs: 200 } });
    await open(server, 1);
    const [peer] = server.peers;
    if (peer !== undefined) peer.mute = true;
    await vi.waitFor(() => expect(healed).toHaveLength(2), wait);
    expect(broken[0]?.detail).toMatch(/^half-open: no frame for \d+ ms$/);
  });

  it('keeps a connection that is silent but answers pings', async () => {
    const { server, streams } = await started({ symbols: ['AUSDT'], times: { idleMs: 800 } });
    await open(server, 1);
    await vi.waitFor(() => expect(server.peers[0]?.frameTimes.length).toBeGreaterThanOrEqual(2), wait);
    expect(server.attempts).toHaveLength(1);
    expect(streams.stats().controls).toBeGreaterThanOrEqual(2);
  });

  it('answers pings, and counts them', async () => {
    const { server, streams } = await started({ symbols: ['AUSDT'] });
    await open(server, 1);
    const [peer] = server.peers;
    const answer = new Promise((resolve) => peer?.socket.once('pong', (data) => resolve(String(data))));
    peer?.socket.ping('are you there');
    expect(await answer).toBe('are you there');
    expect(streams.stats()).toMatchObject({ pings: 1, controls: 1 });
  });

  it('waits as long as a refusal asks, and tells of it', async () => {
    const { server, refused } = await started({
      symbols: ['AUSDT'],
      before: (fresh) => fresh.refuseWith(429, { 'retry-after': '1' }),
    });
    await vi.waitFor(() => expect(refused).toMatchObject([{ status: 429 }]), wait);
    server.refuseWith(undefined);
    await open(server, 1);
    const [first = 0, second = 0] = server.attemptTimes;
    expect(server.attempts).toHaveLength(2);
    expect(second - first).toBeGreaterThanOrEqual(990);
  });

  it('never gives up, but slows down when the quick attempts are used up', async () => {
    const { server, streams } = await started({
      symbols: ['AUSDT'],
      reconnectAttempts: 1,
      reconnectDelayMs: 300,
      before: (fresh) => fresh.refuseWith(503),
    });
    await vi.waitFor(() => expect(server.attempts.length).toBeGreaterThanOrEqual(4), wait);
    server.refuseWith(undefined);
    await open(server, 1);
    expect(streams.stats().attempts).toBe(server.attempts.length);
  });

  it('goes on whatever its consumer throws', async () => {
    let calls = 0;
    const { server, streams } = await started({
      symbols: ['AUSDT'],
      onMessage: () => {
        calls++;
        throw new Error('not today');
      },
    });
    await open(server, 1);
    for (let t = 0; t < 3; t++) server.publish('ausdt@trade', { t });
    await vi.waitFor(() => expect(calls).toBe(3), wait);
    expect(streams.stats()).toMatchObject({ handlerErrors: 3, open: 1, messages: 3 });
  });

  it('asks for each stream alone when the exchange would not give them together, and goes on asking', async () => {
    const { server, streams, healed } = await started({ symbols: ['AUSDT'], times: { refusedPauseMs: 100 } });
    await open(server, 1);
    const [peer] = server.peers;
    if (peer !== undefined) peer.requestError = { code: 2, msg: 'Invalid request' };
    streams.setSymbols(['AUSDT', 'BUSDT']);
    await vi.waitFor(() => expect(peer?.requests.length).toBeGreaterThanOrEqual(3), wait);
    expect(streams.stats().broken).toEqual(['BUSDT']);
    if (peer !== undefined) peer.requestError = undefined;
    await vi.waitFor(() => expect(healed.at(-1)?.symbols).toEqual(['BUSDT']), wait);
    expect(peer?.requests.map(({ params }) => params.length).slice(0, 3)).toEqual([3, 1, 1]);
    expect([...(peer?.streams ?? [])].toSorted()).toEqual([...namesOf('ausdt'), ...namesOf('busdt')].toSorted());
    expect(server.attempts).toHaveLength(1);
  });

  it('does not let one symbol that the exchange does not know disturb the others', async () => {
    const { server, got, broken } = await started({ symbols: ['AUSDT', 'NOSUCHPAIR'], connections: 1 });
    await open(server, 1);
    server.publish('ausdt@trade', { t: 1 });
    await vi.waitFor(() => expect(got).toHaveLength(1), wait);
    expect(broken).toEqual([]);
  });
});

const wait = { timeout: 90_000, interval: 10 };
const allKinds: readonly StreamKind[] = ['depth', 'ticker', 'trade'];
const namesOf = (symbol: string): string[] => [`${symbol}@depth@100ms`, `${symbol}@bookTicker`, `${symbol}@trade`];
const open = (server: StreamServer, peers: number): Promise<void> =>
  vi.waitFor(() => expect(server.peers).toHaveLength(peers), wait);
const textsOf = (got: readonly { readonly text: string }[]): string[] => got.map(({ text }) => text);

async function started(
  options: Partial<StreamsOptions> & { symbols: readonly string[]; before?: (server: StreamServer) => void },
) {
  const { before, ...given } = options;
  const server = await startStreamServer();
  before?.(server);
  const rules: MarketRules = given.rules ?? rulesOf('spot');
  const limiter = createConnectLimiter({ connectsPer5Minutes: rules.connectsPer5Minutes });
  const got: { readonly text: string; readonly receivedAtMs: number }[] = [];
  const broken: { symbols: readonly string[]; detail: string; kinds: readonly StreamKind[] }[] = [];
  const healed: { symbols: readonly string[]; kinds: readonly StreamKind[] }[] = [];
  const refused: { status: number; untilMs: number }[] = [];
  const streams: Streams = createStreams({
    rules,
    url: server.url,
    chunkSize: 50,
    connections: 1,
    reconnectAttempts: 5,
    reconnectDelayMs: 1_000,
    limiter,
    onMessage: (raw, receivedAtMs) => got.push({ text: raw.toString(), receivedAtMs }),
    onBroken: (symbols, detail, kinds) => broken.push({ symbols, detail, kinds }),
    onHealed: (symbols, kinds) => healed.push({ symbols, kinds }),
    onRefused: (status, untilMs) => refused.push({ status, untilMs }),
    log: pino({ level: 'silent' }),
    ...given,
  });
  ending.push(
    () => server.close(),
    async () => limiter.stop(),
    () => streams.stop(),
  );
  return { server, streams, got, broken, healed, refused };
}

/** Publishes depth, ticker and trade of the symbols in turn until `done`, and a little more; what was published, in order. */
async function publishUntil(server: StreamServer, symbols: readonly string[], done: () => boolean): Promise<string[]> {
  const published: string[] = [];
  const deadline = performance.now() + 20_000;
  let more = 30;
  for (let id = 1; more > 0 && performance.now() < deadline; id++) {
    if (done()) more--;
    for (const symbol of symbols) {
      for (const stream of namesOf(symbol)) {
        server.publish(stream, { id });
        published.push(JSON.stringify({ stream, data: { id } }));
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return published;
}
