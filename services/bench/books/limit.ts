import type { RunContext, Work } from '../bench.ts';
import { applyMessages } from './apply-messages.ts';
import { type BooksInput, readSnapshot } from './input.ts';
import { levelRow } from './rows.ts';

type Levels = readonly (readonly [price: string, size: string])[];
type Side = Map<string, string>;

const zero = '0'.charCodeAt(0);

/**
 * The limit of what a program in JavaScript can do: every message is parsed, and its levels are put into two Maps by their
 * text. Nothing is checked, nothing is in order, and there is no best price.
 */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as BooksInput;
  const books = new Map<string, { bids: Side; asks: Side }>();
  for (const symbol of input.symbols) {
    const { bids, asks } = JSON.parse(readSnapshot(input, symbol)) as { bids: Levels; asks: Levels };
    books.set(symbol, { bids: new Map(bids), asks: new Map(asks) });
  }
  const handle = (message: Buffer): void => {
    const { data } = JSON.parse(message.toString()) as { data: { s: string; b: Levels; a: Levels } };
    const book = books.get(data.s);
    if (book === undefined) return;
    apply(book.bids, data.b);
    apply(book.asks, data.a);
  };
  const rows = () =>
    [...books].flatMap(([symbol, { bids, asks }]) => [
      ...[...bids].map(([price, size]) => levelRow(symbol, 'bid', price, size)),
      ...[...asks].map(([price, size]) => levelRow(symbol, 'ask', price, size)),
    ]);
  return applyMessages(context, handle, rows);
}

function apply(side: Side, levels: Levels): void {
  for (const [price, size] of levels) {
    // Spot and futures write none in their own ways: "0.00000000", "0", "0.000".
    if (size.charCodeAt(0) === zero && Number(size) === 0) side.delete(price);
    else side.set(price, size);
  }
}
