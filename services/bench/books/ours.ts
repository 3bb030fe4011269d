import { parseStreamMessage } from '../../market-collector/binance/parse-message.ts';
import { parseSnapshot } from '../../market-collector/binance/parse-snapshot.ts';
import { createSymbolBook } from '../../market-collector/symbol-book.ts';
import type { RunContext, Work } from '../bench.ts';
import { applyMessages } from './apply-messages.ts';
import { type BooksInput, readSnapshot } from './input.ts';
import { levelRow } from './rows.ts';

/** What the collector does with a message before it is recorded: the best prices after each diff are part of it. */
export async function open(context: RunContext): Promise<Work> {
  const input = context.input as BooksInput;
  const books = new Map(
    input.symbols.map((symbol) => {
      const book = createSymbolBook({ symbol, market: input.market, bufferBytesMax: 1e6, now: Date.now });
      book.onSnapshot(parseSnapshot(readSnapshot(input, symbol), 1000), Date.now());
      return [symbol, book];
    }),
  );
  const handle = (raw: Buffer): void => {
    const message = parseStreamMessage(raw);
    if (message.kind === 'depth') books.get(message.symbol)?.onDiff(message, Date.now());
  };
  const rows = () =>
    [...books].flatMap(([symbol, { book }]) =>
      (['bid', 'ask'] as const).flatMap((side) =>
        book.levels(side).map(([price, size]) => levelRow(symbol, side, price, size)),
      ),
    );
  return applyMessages(context, handle, rows);
}
