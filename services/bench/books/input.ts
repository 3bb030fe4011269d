import { readFileSync } from 'node:fs';
import type { Market } from '../../market-collector/binance/messages.ts';

/** What every subject of the books bench gets. */
export interface BooksInput {
  readonly market: Extract<Market, 'spot' | 'usdm'>;
  /** The exchange's names. */
  readonly symbols: readonly string[];
  /** A folder with `<symbol>.json` for each: the snapshot that its book starts from. */
  readonly snapshots: string;
  /** The messages of the streams, one a line. */
  readonly messages: string;
  /** So many of the first messages come before the stopwatch: a collector runs for days, its code is warm. */
  readonly warmUp: number;
}

export function readSnapshot({ snapshots }: BooksInput, symbol: string): string {
  return readFileSync(`${snapshots}/${symbol}.json`, 'utf8');
}

/** The messages as a socket hands them out: bytes. */
export function readMessages({ messages }: BooksInput): Buffer[] {
  const bytes = readFileSync(messages);
  const found: Buffer[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(10, start);
    found.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return found;
}
