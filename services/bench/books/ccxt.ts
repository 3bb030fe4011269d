import type { RunContext, Work } from '../bench.ts';
import { applyMessages } from './apply-messages.ts';
import { ccxtRows, createCcxt, parseSnapshot } from './ccxt-exchange.ts';
import { type BooksInput, readSnapshot } from './input.ts';

/**
 * ccxt as its socket client does it: the message goes to `Client.onMessage`, which parses it and calls the exchange, which
 * finds its handler, its market and its book. Nobody awaits `watchOrderBook`, and no book is cut to its limit, both in its
 * favour; see ccxt-watch.ts. It keeps prices and sizes as doubles.
 */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as BooksInput;
  const { exchange, unified } = await createCcxt(input);
  // By its address the handler tells spot from futures.
  const client = exchange.client(
    input.market === 'spot' ? 'wss://stream.binance.com:9443/stream' : 'wss://fstream.binance.com/ws',
  );
  for (const [id, symbol] of unified) {
    // What watchOrderBook does at first: a book, and the snapshot into it.
    const book = exchange.orderBook({}, 1000);
    book.reset(parseSnapshot(exchange, readSnapshot(input, id), symbol));
    exchange.orderbooks[symbol] = book;
  }
  const handle = (message: Buffer): void => client.onMessage({ data: message.toString() });
  return applyMessages(context, handle, () => ccxtRows(exchange, unified));
}
