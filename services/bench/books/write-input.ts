import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createFeed, type FeedOptions } from './feed.ts';
import type { BooksInput } from './input.ts';

/** The start of the made-up time. */
export const firstEventMs = Date.UTC(2026, 0, 1);

/** Messages of all symbols in turn, each symbol one in 100 ms. */
export async function writeInput(folder: string, options: FeedOptions & { messages: number }): Promise<BooksInput> {
  const feed = createFeed(options);
  const snapshots = join(folder, 'snapshots');
  mkdirSync(snapshots, { recursive: true });
  for (const symbol of feed.symbols)
    writeFileSync(join(snapshots, `${symbol}.json`), feed.snapshot(symbol, firstEventMs));
  function* lines() {
    for (let sent = 0; sent < options.messages; sent++) {
      const symbol = feed.symbols[sent % feed.symbols.length] ?? '';
      yield `${feed.diff(symbol, firstEventMs + Math.floor((100 * sent) / feed.symbols.length))}\n`;
    }
  }
  const messages = join(folder, 'messages.jsonl');
  await pipeline(Readable.from(lines()), createWriteStream(messages));
  return {
    market: options.market,
    symbols: feed.symbols,
    snapshots,
    messages,
    warmUp: Math.floor(options.messages / 10),
  };
}
