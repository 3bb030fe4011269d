/**
 * The exchange of the ingest bench, a process of its own: the parts of Binance's spot that a collector needs, and a way to
 * tell it what to send. It says its address to the parent when it is ready.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { createFeed, type Feed } from '../books/feed.ts';
import { type BooksInput, readMessages, readSnapshot } from '../books/input.ts';
import { framesOf, writeAll } from './frames.ts';

/** What the parent sends first. */
export interface ExchangeOrder {
  readonly books: BooksInput;
  readonly seed: number;
}

/** `POST /control/replay`: these messages of the file, as fast as the sockets take them; answered when they have. */
export interface ReplayOrder {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/**
 * `POST /control/live`: updates made while it goes, each symbol at its own time within the interval, and a ticker beside each
 * that changed the best.
 */
export interface LiveOrder {
  readonly updatesPerSecond: number;
  readonly seconds: number;
}

/** `GET /control/sent` */
export interface Sent {
  readonly done: boolean;
  readonly symbols: readonly SentOfSymbol[];
}

export interface SentOfSymbol {
  readonly symbol: string;
  readonly updates: number;
  readonly tickers: number;
  readonly lastUpdateId: number;
}

interface Listener {
  readonly socket: WebSocket;
  readonly raw: Duplex;
  readonly streams: Set<string>;
}

process.on('disconnect', () => process.exit());
process.once('message', ({ books, seed }: ExchangeOrder) => {
  serve(books, seed).then((url) => process.send?.(url));
});

async function serve(books: BooksInput, seed: number): Promise<string> {
  const listeners = new Set<Listener>();
  const streamOf = new Map(books.symbols.map((symbol) => [symbol, `${symbol.toLowerCase()}@depth@100ms`]));
  /** Of the run that is on: it is over when the last of its sockets is closed. */
  let live: { readonly feed: Feed; readonly sent: Map<string, SentOfSymbol>; done: boolean };
  const reset = (): void => {
    live = { feed: createFeed({ market: 'spot', symbols: books.symbols.length, seed }), sent: new Map(), done: false };
  };
  reset();

  let messages: readonly Buffer[] | undefined;

  async function replay({ from, to }: ReplayOrder): Promise<void> {
    messages ??= readMessages(books);
    const some = messages.slice(from, to);
    await Promise.all(
      [...listeners].map(({ raw, streams }) =>
        writeAll(raw, framesOf(some.filter((_, at) => isSent(streams, (from + at) % books.symbols.length)))),
      ),
    );
  }

  /** Messages of the file come in turn. */
  function isSent(streams: ReadonlySet<string>, symbolAt: number): boolean {
    return streams.has(streamOf.get(books.symbols[symbolAt] ?? '') ?? '');
  }

  async function sendLive({ updatesPerSecond, seconds }: LiveOrder): Promise<void> {
    const { symbols } = live.feed;
    const listenerOf = new Map(
      symbols.map((symbol) => [symbol, [...listeners].find(({ streams }) => streams.has(streamOf.get(symbol) ?? ''))]),
    );
    const total = symbols.length * updatesPerSecond * seconds;
    const startMs = Date.now();
    let sent = 0;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        const due = Math.min(total, Math.floor(((Date.now() - startMs) / 1000) * symbols.length * updatesPerSecond));
        for (; sent < due; sent++) {
          const symbol = symbols[sent % symbols.length] ?? '';
          const { updates = 0, tickers = 0 } = live.sent.get(symbol) ?? {};
          const bestBefore = bestOf(live.feed.ticker(symbol));
          const text = live.feed.diff(symbol, Date.now());
          const ticker = live.feed.ticker(symbol);
          const changed = bestOf(ticker) !== bestBefore;
          const lastUpdateId = live.feed.lastUpdateId(symbol);
          live.sent.set(symbol, { symbol, updates: updates + 1, tickers: tickers + (changed ? 1 : 0), lastUpdateId });
          const socket = listenerOf.get(symbol)?.socket;
          // The exchange's tickers come at once, its updates every 100 ms.
          if (changed) socket?.send(ticker);
          socket?.send(text);
        }
        if (sent < total) return;
        clearInterval(timer);
        resolve();
      }, 2);
    });
    live.done = true;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://exchange');
    const json = (text: string): void => {
      response.setHeader('content-type', 'application/json');
      response.setHeader('x-mbx-used-weight-1m', '1');
      response.end(text);
    };
    switch (url.pathname) {
      case '/api/v3/depth':
        return json(snapshotOf(url.searchParams.get('symbol') ?? ''));
      case '/api/v3/exchangeInfo':
        return json(exchangeInfo(books.symbols));
      case '/control/replay':
        await replay(JSON.parse(await bodyOf(request)) as ReplayOrder);
        return json('{}');
      case '/control/live':
        void sendLive(JSON.parse(await bodyOf(request)) as LiveOrder);
        return json('{}');
      case '/control/sent': {
        return json(JSON.stringify({ done: live.done, symbols: [...live.sent.values()] } satisfies Sent));
      }
      default:
        response.statusCode = 404;
        return json('{"code":-1,"msg":"not simulated"}');
    }
  }

  // A feed made anew has the snapshots of the file, as it has its seed: what is replayed continues them as well.
  const snapshotOf = (symbol: string): string =>
    live.sent.size === 0 ? readSnapshot(books, symbol) : live.feed.snapshot(symbol, Date.now());

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  });
  const upgrades = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  server.on('upgrade', (request, raw, head) => {
    upgrades.handleUpgrade(request, raw, head, (socket) => {
      const streams = new URL(request.url ?? '', 'http://exchange').searchParams.get('streams') ?? '';
      const listener: Listener = { socket, raw, streams: new Set(streams.split('/')) };
      listeners.add(listener);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        listeners.delete(listener);
        if (listeners.size === 0) reset();
      });
      socket.on('message', (data) => {
        const { method, params, id } = JSON.parse(String(data)) as { method: string; params: string[]; id: number };
        for (const stream of params)
          method === 'SUBSCRIBE' ? listener.streams.add(stream) : listener.streams.delete(stream);
        socket.send(`{"result":null,"id":${id}}`);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** All of a ticker but its id. */
function bestOf(ticker: string): string {
  return ticker.slice(ticker.indexOf('"s"'));
}

/** With room for all snapshots at once: with the exchange's own weights they would take a minute and a half. */
function exchangeInfo(symbols: readonly string[]): string {
  return JSON.stringify({
    rateLimits: [{ rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: 10_000_000 }],
    symbols: symbols.map((symbol) => ({
      symbol,
      status: 'TRADING',
      baseAsset: symbol.replace(/USDT$/, ''),
      quoteAsset: 'USDT',
      filters: [],
    })),
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const piece of request) body += piece;
  return body;
}
