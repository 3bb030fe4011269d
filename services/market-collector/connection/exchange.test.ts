import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ExchangeCore } from '../../testing/exchange/exchange-core.ts';
import { type ExchangeServer, startSimulatedExchange } from '../../testing/exchange/exchange-server.ts';
import type { SymbolSpec } from '../../testing/exchange/symbol-spec.ts';
import { rulesOf } from '../binance/markets.ts';
import type { Market, MarketMessage } from '../binance/messages.ts';
import { parseStreamMessage } from '../binance/parse-message.ts';
import { createRest } from '../rest/rest.ts';
import { createSnapshotQueue } from '../rest/snapshot-queue.ts';
import { createWeightBudget } from '../rest/weight-budget.ts';
import { createSymbolBook, type Outcome, type SymbolBook } from '../symbol-book.ts';
import { createConnectLimiter } from './connect-limiter.ts';
import { createStreams, type StreamsOptions } from './streams.ts';

type Server = ExchangeServer<ExchangeCore>;

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

describe('a collector of the simulated exchange', () => {
  it.each(['spot', 'usdm', 'coinm'] as const)(
    'follows %s over the cuts of old connections without a gap',
    async (market) => {
      const server = await exchange({ market, limits: { connectionLifeMs: 1_500, shutdownNoticeMs: 0 } });
      const { books, streams, gaps } = collector(server, market, { times: { rollAfterMs: 700, overlapMs: 500 } });
      await settled(books, gaps);
      await vi.waitFor(() => expect(streams.stats().rolls).toBeGreaterThanOrEqual(6), wait);
      await allAreLive(books);
      expect(gaps).toEqual([]);
      expect(streams.stats()).toMatchObject({ reconnects: 0, handlerErrors: 0 });
      await expectTruth(server, books);
    },
  );

  it('leaves a server that shuts down before it is gone', async () => {
    const server = await exchange({ market: 'spot' });
    const { books, streams, gaps } = collector(server, 'spot', { times: { overlapMs: 1_000 } });
    await settled(books, gaps);
    server.shutDown(3_000);
    await vi.waitFor(() => expect(streams.stats().rolls).toBe(2), wait);
    expect(gaps).toEqual([]);
    expect(streams.stats().reconnects).toBe(0);
    await expectTruth(server, books);
  });

  it('is whole again after connections that went silent, were reset, or were refused', async () => {
    const server = await exchange({ market: 'spot' });
    const { books, streams, gaps } = collector(server, 'spot', { times: { idleMs: 600 } });
    await allAreLive(books);
    expect(server.goSilent({ streams: ['aaausdt@trade'] })).toBe(1);
    await vi.waitFor(() => expect(gaps.length).toBeGreaterThanOrEqual(1), wait);
    await allAreLive(books);
    server.refuseConnections(true);
    server.cut('reset');
    await vi.waitFor(() => expect(server.counts().refusedConnects).toBeGreaterThanOrEqual(4), wait);
    server.refuseConnections(false);
    await vi.waitFor(() => expect(streams.stats().broken).toEqual([]), wait);
    await allAreLive(books);
    // Every symbol was lost at least once, and each time it is on record.
    const lost = gaps.filter(({ reason }) => reason === 'disconnect').map(({ symbol }) => symbol);
    expect(new Set(lost)).toEqual(new Set(books.keys()));
    await expectTruth(server, books);
  });

  it('never connects more often than it may, and waits with what can wait', async () => {
    const server = await exchange({ market: 'spot', limits: { connectsPer5Minutes: 20 } });
    const limiter = createConnectLimiter({ connectsPer5Minutes: 20 });
    const times = { rollAfterMs: 40, overlapMs: 20 };
    const { books, gaps } = collector(server, 'spot', { limiter, times });
    await settled(books, gaps);
    await vi.waitFor(() => expect(server.counts().connects).toBe(18), wait);
    // They would be replaced many times in this second.
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(server.counts().connects).toBe(18);
    limiter.stop();
    expect(gaps).toEqual([]);
    await allAreLive(books);
  });

  it('waits out the 429s of snapshots, and does not ask more than it may', async () => {
    const server = await exchange({ market: 'spot' });
    const fault = server.faults.injectSnapshot({ kind: 'status', status: 429, retryAfterSeconds: 1, times: 3 });
    const { books } = collector(server, 'spot');
    await allAreLive(books);
    expect(fault.count()).toBe(3);
    await expectTruth(server, books);
  });

  it('goes on with the others when one symbol is unknown and one is halted', async () => {
    const server = await exchange({ market: 'spot' });
    server.source.remove('AAAUSDT');
    server.source.setStatus('BBBUSDT', 'HALT');
    const { books, gaps } = collector(server, 'spot');
    const [unknown, halted, ...others] = [...books.values()];
    await vi.waitFor(() => expect(halted?.state).toBe('live'), wait);
    await settled(new Map(others.map((book, at) => [String(at), book])), gaps);
    const before = others.map(({ lastUpdateId }) => lastUpdateId);
    await vi.waitFor(() => {
      for (const [at, { lastUpdateId }] of others.entries())
        expect(lastUpdateId).toBeGreaterThan((before[at] ?? 0) + 20);
    }, wait);
    expect(unknown?.state).toBe('waiting');
    expect(gaps).toEqual([]);
  });

  it('follows pairs that come and go', async () => {
    const server = await exchange({ market: 'spot' });
    const { books, follow, gaps, streams } = collector(server, 'spot', { symbols: ['AAAUSDT', 'BBBUSDT'] });
    await settled(books, gaps);
    follow(['BBBUSDT', 'CCCUSDT', 'DDDUSDT']);
    expect(books.size).toBe(3);
    await allAreLive(books);
    expect(gaps.filter(({ symbol }) => symbol === 'BBBUSDT')).toEqual([]);
    expect(streams.stats()).toMatchObject({ rolls: 0, reconnects: 0 });
    await vi.waitFor(() => expect(server.counts().subscriptions).toBe(9), wait);
  });
});

const wait = { timeout: 90_000, interval: 20 };
const names = ['AAA', 'BBB', 'CCC', 'DDD', 'EEE', 'FFF'];

async function exchange(options: Partial<Parameters<typeof startSimulatedExchange>[0]> & { market: Market }) {
  const symbols = names.map((base): SymbolSpec => {
    const symbol = options.market === 'coinm' ? `${base}USD_PERP` : `${base}USDT`;
    return { symbol, base, quote: 'USDT', tickSize: '0.01', stepSize: '0.001', price: 100, levels: 200 };
  });
  const server = await startSimulatedExchange({ symbols, updatesPerSecond: 10, ...options });
  ending.push(async () => {
    // Whatever a test does: no limit of the exchange is ever broken.
    const { violations } = server.counts();
    await server.stop();
    expect(violations).toEqual({});
  });
  return server;
}

function collector(server: Server, market: Market, options: Partial<StreamsOptions> = {}) {
  const rules = rulesOf(market);
  const log = pino({ level: 'silent' });
  const books = new Map<string, SymbolBook>();
  const gaps: { readonly symbol: string; readonly reason: string; readonly detail: string }[] = [];
  const budget = createWeightBudget({ weightPerMinute: rules.weightPerMinute });
  const rest = createRest({ rules, url: server.restUrl, budget, log });
  const queue = createSnapshotQueue({
    load: rest.loadSnapshot,
    priorityOf: () => 5,
    onSnapshot: (symbol, snapshot, at) => act(symbol, (book) => book.onSnapshot(snapshot, at)),
    backoffMinMs: 100,
    log,
  });
  const limiter = createConnectLimiter({ connectsPer5Minutes: rules.connectsPer5Minutes });
  /** Messages whose id is not above that of the one before them on their stream. */
  const disorder: string[] = [];
  const lastIds = new Map<string, number>();

  function act(symbol: string, step: (book: SymbolBook) => readonly Outcome[]): void {
    const book = books.get(symbol);
    if (book === undefined) return;
    for (const outcome of step(book)) {
      if (outcome.kind === 'opened') gaps.push(outcome.gap);
      if (outcome.kind === 'wantsSnapshot') queue.want(symbol, 'resync', 1000);
    }
  }

  function setBooks(symbols: readonly string[]): void {
    for (const symbol of books.keys()) if (!symbols.includes(symbol)) books.delete(symbol);
    for (const symbol of symbols) {
      if (books.has(symbol)) continue;
      books.set(symbol, createSymbolBook({ symbol, market, bufferBytesMax: 1_000_000, now: Date.now }));
    }
  }

  const symbols = options.symbols ?? names.map((base) => (market === 'coinm' ? `${base}USD_PERP` : `${base}USDT`));
  setBooks(symbols);
  const streams = createStreams({
    rules,
    url: server.streamUrl,
    chunkSize: 3,
    connections: 2,
    reconnectAttempts: 5,
    reconnectDelayMs: 500,
    limiter,
    onMessage: (raw, receivedAtMs) => {
      const message = parseStreamMessage(raw);
      if (message.kind === 'depth' || message.kind === 'ticker' || message.kind === 'trade') {
        const stream = `${message.symbol} ${message.kind}`;
        const last = lastIds.get(stream) ?? 0;
        if (idOf(message) <= last) disorder.push(`${stream} ${idOf(message)} after ${last}`);
        lastIds.set(stream, idOf(message));
      }
      if (message.kind === 'depth') act(message.symbol, (book) => book.onDiff(message, receivedAtMs));
      if (message.kind === 'ticker') act(message.symbol, (book) => book.onTicker(message));
    },
    onBroken: (broken, detail, kinds) => {
      if (!kinds.includes('depth')) return;
      for (const symbol of broken) act(symbol, (book) => book.onDisconnect(detail));
    },
    onHealed: (healed, kinds) => {
      if (!kinds.includes('depth')) return;
      for (const symbol of healed) act(symbol, (book) => book.onConnect());
    },
    log,
    ...options,
    symbols,
  });
  ending.push(async () => {
    await streams.stop();
    queue.stop();
    budget.stop();
    limiter.stop();
    await rest.close();
  });
  const follow = (wanted: readonly string[]): void => {
    setBooks(wanted);
    streams.setSymbols(wanted);
  };
  return { books, gaps, disorder, streams, follow };
}

function idOf(message: MarketMessage): number {
  if (message.kind === 'depth') return message.lastUpdateId;
  return message.kind === 'ticker' ? message.updateId : message.tradeId;
}

function allAreLive(books: ReadonlyMap<string, SymbolBook>): Promise<void> {
  return vi.waitFor(() => {
    for (const { state, gap } of books.values()) expect({ state, gap }).toEqual({ state: 'live', gap: undefined });
  }, wait);
}

/**
 * All are live and move. The simulated exchange does not tell what happened in the tenth of a second before somebody listened,
 * which may be a gap at the very start.
 */
async function settled(books: ReadonlyMap<string, SymbolBook>, gaps: unknown[]): Promise<void> {
  await allAreLive(books);
  const from = new Map([...books].map(([symbol, { lastUpdateId }]) => [symbol, lastUpdateId]));
  await vi.waitFor(() => {
    for (const [symbol, book] of books) expect(book.lastUpdateId).toBeGreaterThan((from.get(symbol) ?? 0) + 10);
  }, wait);
  await allAreLive(books);
  gaps.splice(0);
}

/** Each book holds what the exchange's does, within what is known of it, at some moment when neither has anything on its way. */
async function expectTruth(server: Server, books: ReadonlyMap<string, SymbolBook>): Promise<void> {
  for (const symbol of books.keys()) server.source.setStatus(symbol, 'HALT');
  for (const [symbol, { book }] of books) {
    await vi.waitFor(() => {
      const truth = server.source.truth(symbol);
      expect(book.levels('bid')).toEqual(truth?.bids.slice(0, book.levels('bid').length));
      expect(book.levels('ask')).toEqual(truth?.asks.slice(0, book.levels('ask').length));
      expect(book.levels('bid').length).toBeGreaterThan(50);
    }, wait);
  }
}
