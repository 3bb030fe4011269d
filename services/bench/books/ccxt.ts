import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { RunContext, Work } from '../bench.ts';
import { peerFolder } from '../peers.ts';
import { applyMessages } from './apply-messages.ts';
import { type BooksInput, readSnapshot } from './input.ts';
import { levelRow } from './rows.ts';

/** What of ccxt is used. Its types are not installed with us. */
interface Exchange {
  setMarkets(markets: readonly unknown[]): void;
  client(url: string): { onMessage(event: { data: string }): void };
  orderBook(snapshot: object, depth: number): Book;
  parseOrderBook(answer: unknown, symbol: string): { nonce?: number };
  safeInteger(answer: unknown, key: string): number;
  readonly orderbooks: Record<string, Book>;
}
interface Book {
  reset(snapshot: unknown): void;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}
type Level = readonly [price: number, size: number];

/**
 * ccxt as its socket client does it: the message goes to `Client.onMessage`, which parses it and calls the exchange, which
 * finds its handler, its market and its book. Nobody awaits `watchOrderBook`, and no book is cut to its limit, both in its
 * favour. It keeps prices and sizes as doubles.
 */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as BooksInput;
  const file = join(peerFolder('binance-books'), 'node_modules/ccxt/js/src/pro/binance.js');
  const { default: Binance } = (await import(pathToFileURL(file).href)) as { default: new () => Exchange };
  const exchange = new Binance();
  const unified = new Map(input.symbols.map((id) => [id, unifiedSymbol(input, id)]));
  exchange.setMarkets(input.symbols.map((id) => marketOf(input, id, unified.get(id) ?? '')));
  // By its address the handler tells spot from futures.
  const client = exchange.client(
    input.market === 'spot' ? 'wss://stream.binance.com:9443/stream' : 'wss://fstream.binance.com/ws',
  );
  for (const [id, symbol] of unified) {
    // What watchOrderBook does at first: a book, and the snapshot into it.
    const book = exchange.orderBook({}, 1000);
    const answer: unknown = JSON.parse(readSnapshot(input, id));
    const snapshot = exchange.parseOrderBook(answer, symbol);
    snapshot.nonce = exchange.safeInteger(answer, 'lastUpdateId');
    book.reset(snapshot);
    exchange.orderbooks[symbol] = book;
  }
  const handle = (message: Buffer): void => client.onMessage({ data: message.toString() });
  const rows = () =>
    [...unified].flatMap(([id, symbol]) => {
      const { bids = [], asks = [] } = exchange.orderbooks[symbol] ?? {};
      return [
        ...Array.from(bids, ([price, size]) => levelRow(id, 'bid', String(price), String(size))),
        ...Array.from(asks, ([price, size]) => levelRow(id, 'ask', String(price), String(size))),
      ];
    });
  return applyMessages(context, handle, rows);
}

function unifiedSymbol({ market }: BooksInput, id: string): string {
  const pair = `${baseOf(id)}/USDT`;
  return market === 'spot' ? pair : `${pair}:USDT`;
}

function baseOf(id: string): string {
  return id.replace(/USDT$/, '');
}

function marketOf({ market }: BooksInput, id: string, symbol: string): object {
  const spot = market === 'spot';
  return {
    id,
    lowercaseId: id.toLowerCase(),
    symbol,
    base: baseOf(id),
    quote: 'USDT',
    baseId: baseOf(id),
    quoteId: 'USDT',
    ...(spot ? {} : { settle: 'USDT', settleId: 'USDT' }),
    type: spot ? 'spot' : 'swap',
    spot,
    swap: !spot,
    contract: !spot,
    linear: spot ? undefined : true,
    inverse: spot ? undefined : false,
    active: true,
    precision: {},
    limits: {},
    info: {},
  };
}
