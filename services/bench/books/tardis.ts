import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { RunContext, Work } from '../bench.ts';
import { peerFolder } from '../peers.ts';
import { applyMessages } from './apply-messages.ts';
import { type BooksInput, readSnapshot } from './input.ts';
import { levelRow } from './rows.ts';

/** What of tardis-dev is used. Its types are not installed with us. */
interface Tardis {
  normalizeBookChanges(exchange: string, localTimestamp: Date): Mapper;
  readonly OrderBook: new () => Book;
}
interface Mapper {
  canHandle(message: unknown): boolean;
  map(message: unknown, localTimestamp: Date): Iterable<unknown>;
}
interface Book {
  update(change: unknown): void;
  bids(): Iterable<Level>;
  asks(): Iterable<Level>;
}
interface Level {
  readonly price: number;
  readonly amount: number;
}

/**
 * tardis-dev as its realtime feed does it: JSON.parse, its mapper of Binance, its OrderBook. Its streams and its iterators
 * are left out, in its favour. It keeps prices and sizes as doubles, and does not check that one update continues another.
 */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as BooksInput;
  const { normalizeBookChanges, OrderBook } = createRequire(join(peerFolder('binance-books'), 'package.json'))(
    'tardis-dev',
  ) as Tardis;
  const mapper = normalizeBookChanges(input.market === 'spot' ? 'binance' : 'binance-futures', new Date());
  const books = new Map(input.symbols.map((symbol) => [symbol, new OrderBook()]));
  const take = (message: unknown, symbol: string): void => {
    if (!mapper.canHandle(message)) return;
    for (const change of mapper.map(message, new Date())) books.get(symbol)?.update(change);
  };
  for (const symbol of input.symbols) {
    // Its feed asks for the snapshot itself, and hands it on under a name of its own.
    const data: unknown = JSON.parse(readSnapshot(input, symbol));
    take({ stream: `${symbol.toLowerCase()}@depthSnapshot`, generated: true, data }, symbol);
  }
  const handle = (bytes: Buffer): void => {
    const message = JSON.parse(bytes.toString()) as { data: { s: string } };
    take(message, message.data.s);
  };
  const rows = () =>
    [...books].flatMap(([symbol, book]) => [
      ...[...book.bids()].map(({ price, amount }) => levelRow(symbol, 'bid', String(price), String(amount))),
      ...[...book.asks()].map(({ price, amount }) => levelRow(symbol, 'ask', String(price), String(amount))),
    ]);
  return applyMessages(context, handle, rows);
}
