import type { MarketRecord } from '../../datasets/market/record.ts';
import { parseStreamMessage } from '../../market-collector/binance/parse-message.ts';
import { parseSnapshot } from '../../market-collector/binance/parse-snapshot.ts';
import { createSymbolBook, type Outcome } from '../../market-collector/symbol-book.ts';
import { type BooksInput, readMessages, readSnapshot } from '../books/input.ts';

/** What is to be recorded of each message: its levels, and the best of the book after it. */
export function* recordsOf(input: BooksInput, receivedAtMs: number): Generator<MarketRecord> {
  const books = new Map(
    input.symbols.map((symbol) => {
      const book = createSymbolBook({ symbol, market: input.market, bufferBytesMax: 1e6, now: () => receivedAtMs });
      book.onSnapshot(parseSnapshot(readSnapshot(input, symbol), 1000), receivedAtMs);
      return [symbol, book];
    }),
  );
  for (const raw of readMessages(input)) {
    const message = parseStreamMessage(raw);
    if (message.kind !== 'depth') throw new Error(`The feed sent what is no depth update: ${message.kind}.`);
    for (const outcome of books.get(message.symbol)?.onDiff(message, receivedAtMs) ?? []) yield recordOf(outcome);
  }
}

function recordOf(outcome: Outcome): MarketRecord {
  if (outcome.kind !== 'applied') throw new Error(`The feed is not to have a gap: ${JSON.stringify(outcome)}.`);
  const { diff, top, receivedAtMs } = outcome;
  return {
    symbol: diff.symbol,
    kind: 'depth',
    updateId: diff.lastUpdateId,
    firstUpdateId: diff.firstUpdateId,
    previousUpdateId: diff.previousUpdateId ?? null,
    eventTimeMs: diff.eventTimeMs,
    receivedAtMs,
    ...top,
    price: null,
    size: null,
    buyerIsMaker: null,
    bids: diff.bids,
    asks: diff.asks,
    bidFloor: null,
    askCeiling: null,
  };
}
