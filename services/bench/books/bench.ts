import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Aim, renderAims } from '../aims.ts';
import type { Bench, Case, Subject } from '../bench.ts';
import type { FeedOptions } from './feed.ts';
import { writeInput } from './write-input.ts';

const subjects: readonly Subject[] = [
  {
    name: 'ours',
    role: 'ours',
    summary: 'parse-message.ts and symbol-book.ts: every rule of sequence, exact decimals',
    module: new URL('ours.ts', import.meta.url),
  },
  {
    name: 'parse',
    role: 'limit',
    summary: 'JSON.parse, and the levels into two Maps; no order, no checks',
    module: new URL('limit.ts', import.meta.url),
  },
  {
    name: 'ccxt',
    role: 'peer',
    summary: 'its Client.onMessage and its handler of Binance',
    module: new URL('ccxt.ts', import.meta.url),
    peer: 'binance-books',
  },
  {
    name: 'ccxt-watch',
    role: 'peer',
    summary: 'ccxt as its users have it: a loop of watchOrderBook for each symbol',
    module: new URL('ccxt-watch.ts', import.meta.url),
    peer: 'binance-books',
  },
  {
    name: 'tardis',
    role: 'peer',
    summary: 'tardis-dev: JSON.parse, its mapper of Binance and its OrderBook',
    module: new URL('tardis.ts', import.meta.url),
    peer: 'binance-books',
  },
  {
    name: 'cryptofeed',
    role: 'peer',
    summary: 'its message_handler of Binance, in Python, with its OrderBook in C',
    module: new URL('cryptofeed.ts', import.meta.url),
    peer: 'cryptofeed',
  },
];

const seed = 4;
/** How many symbols; undefined for as many as the size says. */
const inputs: Readonly<Record<string, Pick<FeedOptions, 'market'> & { readonly symbols: number | undefined }>> = {
  spot: { market: 'spot', symbols: undefined },
  'spot-1': { market: 'spot', symbols: 1 },
  usdm: { market: 'usdm', symbols: undefined },
};

/** By the clock, and by CPU time, which other programs of the machine disturb less. */
const aims: readonly Aim[] = Object.keys(inputs).flatMap((name) =>
  [
    { over: 'parse', factor: 0.7 },
    { over: 'ccxt', factor: 10 },
    { over: 'tardis', factor: 1 },
  ].flatMap(({ over, factor }) => [
    { case: name, subject: 'ours', over, unit: 'messages/s', atLeast: factor },
    { case: name, subject: 'ours', over, unit: 'CPU-s per 1,000,000 messages', atMost: 1 / factor },
  ]),
);

export const bench: Bench = {
  name: 'books',
  summary: 'Order books from the text of depth streams, in one thread.',
  sizes: {
    messages: { value: 200_000, meaning: 'messages, of which a tenth is a warm-up' },
    symbols: { value: 200, meaning: 'symbols of the cases that have many' },
  },
  cases: [
    caseOf('spot', 'spot, many symbols: 40 levels a message of the busiest, 5 of the quietest'),
    caseOf('spot-1', 'spot, one symbol: 40 levels a message'),
    caseOf('usdm', 'USDⓈ-M futures, many symbols'),
  ],
  open: async ({ messages = 0, symbols = 0 }, log) => {
    const folder = mkdtempSync(join(tmpdir(), 'bench-books-input-'));
    return {
      inputOf: async (name) => {
        log(`${name}: writing ${messages} messages`);
        const { market = 'spot', symbols: own = symbols } = inputs[name] ?? {};
        return { input: await writeInput(join(folder, name), { market, symbols: own, seed, messages }) };
      },
      close: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
  conclude: (reports) => renderAims(reports, aims),
};

function caseOf(name: string, summary: string): Case {
  return { name, summary, things: 'messages', cpuPer: 1_000_000, subjects };
}
