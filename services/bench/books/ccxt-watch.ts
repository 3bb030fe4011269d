import { setTimeout as delay } from 'node:timers/promises';
import type { RunContext, Work } from '../bench.ts';
import { type CcxtClient, type CcxtExchange, ccxtRows, createCcxt, parseSnapshot } from './ccxt-exchange.ts';
import { type BooksInput, readMessages, readSnapshot } from './input.ts';

/** More levels than any book has: with fewer it would cut them, and differ. */
const limit = 5000;

/**
 * ccxt as its users have it: a loop of `watchOrderBook` for each symbol, with its own subscribing, snapshots and joining. Its
 * sockets are replaced by functions; between two messages others have their turn, as between two packets.
 */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as BooksInput;
  const { exchange, unified } = await createCcxt(input);
  exchange.enableRateLimit = false;
  const clients = replaceSockets(exchange);
  const idOf = new Map([...unified].map(([id, symbol]) => [symbol, id]));
  exchange.fetchRestOrderBookSafe = async (symbol) =>
    parseSnapshot(exchange, readSnapshot(input, idOf.get(symbol) ?? ''), symbol);
  let failure: unknown;
  let closed = false;
  const follow = async (symbol: string): Promise<void> => {
    while (!closed) await exchange.watchOrderBook(symbol, limit);
  };
  for (const symbol of unified.values()) {
    follow(symbol).catch((error: unknown) => {
      failure ??= error;
    });
  }
  while ([...unified.values()].some((symbol) => exchange.orderbooks[symbol]?.nonce === undefined)) {
    if (failure !== undefined) throw failure;
    await delay(1);
  }
  const inTurn = input.symbols.map((id) => clients.get(id));
  const messages = readMessages(input);
  const handle = async (at: number): Promise<void> => {
    inTurn[at % inTurn.length]?.onMessage({ data: (messages[at] as Buffer).toString() });
    await new Promise(setImmediate);
  };
  return {
    run: async (stopwatch) => {
      let at = 0;
      for (; at < input.warmUp; at++) await handle(at);
      stopwatch.begin();
      for (; at < messages.length; at++) await handle(at);
      stopwatch.end();
      if (failure !== undefined) throw failure;
      return messages.length - input.warmUp;
    },
    rows: async () => ccxtRows(exchange, unified),
    close: async () => {
      closed = true;
    },
  };
}

/** Its clients are connected at once, and every request is answered at once. Gives the client of each symbol, once it has one. */
function replaceSockets(exchange: CcxtExchange): ReadonlyMap<string, CcxtClient> {
  const clients = new Map<string, CcxtClient>();
  const create = exchange.client.bind(exchange);
  exchange.client = (url) => {
    const client = create(url);
    if (client.startedConnecting) return client;
    client.startedConnecting = true;
    client.connected.resolve(url);
    client.send = async ({ id, params }) => {
      for (const stream of params) clients.set(stream.split('@')[0]?.toUpperCase() ?? '', client);
      setImmediate(() => client.onMessage({ data: JSON.stringify({ result: null, id }) }));
    };
    return client;
  };
  return clients;
}
