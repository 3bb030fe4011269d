import { chmodSync, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { recordRow } from '../../datasets/market/copy-rows.ts';
import { type Aim, renderAims } from '../aims.ts';
import type { Bench, Subject } from '../bench.ts';
import type { BooksInput } from '../books/input.ts';
import { firstEventMs, writeInput } from '../books/write-input.ts';
import { startExchange } from './exchange.ts';
import { flushIntervalMs, type IngestInput, type SteadyInput } from './input.ts';
import type { InsertSettings } from './insert.ts';
import { recordsOf } from './records.ts';

const subjects: readonly Subject[] = [
  {
    name: 'ours',
    role: 'ours',
    summary: 'the collector: sockets, books, recorder, COPY into the embedded PostgreSQL, fsync on',
    module: new URL('ours.ts', import.meta.url),
  },
  {
    name: 'copy',
    role: 'limit',
    summary: 'the same rows, made already, by one COPY into the same table',
    module: new URL('copy.ts', import.meta.url),
  },
  {
    name: 'insert',
    role: 'peer',
    summary: 'the same rows, made already, by statements of 1,000 rows each, as cryptofeed writes',
    module: new URL('insert.ts', import.meta.url),
    settings: { rowsPerStatement: 1000 } satisfies InsertSettings,
  },
  {
    name: 'recorder',
    role: 'peer',
    summary: 'the end of ours: records that are there already, by the recorder',
    module: new URL('recorder.ts', import.meta.url),
  },
];

const steadySubjects: readonly Subject[] = [
  {
    name: 'ours',
    role: 'ours',
    summary: 'the collector, as in the case socket',
    module: new URL('steady.ts', import.meta.url),
  },
];

const seed = 4;
const updatesPerSecond = 10;

const steady = { case: 'steady', subject: 'ours' };
const aims: readonly Aim[] = [
  { case: 'socket', unit: 'rows/s', subject: 'ours', over: 'copy', atLeast: 0.8 },
  { ...steady, unit: 'collector, % of a core', atMost: 25 },
  { ...steady, unit: 'received → durable ms, p99', atMost: flushIntervalMs + 100 },
  { ...steady, unit: 'live MB, end ÷ middle', atMost: 1.1 },
  { ...steady, unit: 'rows lost', atMost: 0 },
  { ...steady, unit: 'rows doubled', atMost: 0 },
];

export const bench: Bench = {
  name: 'ingest',
  summary: 'From the socket of an exchange to rows of PostgreSQL that are on disk.',
  sizes: {
    rows: { value: 200_000, meaning: 'updates that are sent as fast as they are taken' },
    symbols: { value: 200, meaning: 'symbols' },
    seconds: { value: 60, meaning: 'length of a run of the case steady' },
  },
  cases: [
    { name: 'socket', summary: 'as fast as it goes', things: 'rows', cpuPer: 1_000_000, subjects },
    {
      name: 'steady',
      summary: `${updatesPerSecond} updates a second of each symbol and the tickers that come with them, for a time`,
      things: 'rows',
      cpuPer: 1_000_000,
      subjects: steadySubjects,
    },
  ],
  open: async ({ rows = 0, symbols = 0, seconds = 0 }, log) => {
    const folder = mkdtempSync(join(tmpdir(), 'bench-ingest-input-'));
    chmodSync(folder, 0o755);
    const exchanges: Exchange[] = [];
    const start = async (books: BooksInput): Promise<Exchange> => {
      const exchange = await startExchange({ books, seed });
      exchanges.push(exchange);
      return exchange;
    };
    return {
      inputOf: async (name) => {
        const messages = name === 'steady' ? symbols : rows;
        log(`${name}: writing ${messages} messages`);
        const place = join(folder, name);
        const books = await writeInput(place, { market: 'spot', symbols, seed, messages });
        const { address, process } = await start(books);
        const servers = { exchange: process.pid ?? 0 };
        if (name === 'steady') {
          const input: SteadyInput = { exchange: address, symbols: books.symbols, seconds, updatesPerSecond };
          return { input, servers };
        }
        const input: IngestInput = {
          exchange: address,
          books,
          rows: await writeRows(join(place, 'rows.copy'), books),
          count: rows,
        };
        return { input, servers };
      },
      close: async () => {
        for (const { process } of exchanges) process.kill();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
  conclude: (reports) => renderAims(reports, aims),
};

type Exchange = Awaited<ReturnType<typeof startExchange>>;

async function writeRows(file: string, books: BooksInput): Promise<string> {
  function* lines() {
    for (const record of recordsOf(books, firstEventMs)) yield recordRow(record);
  }
  await pipeline(Readable.from(lines()), createWriteStream(file));
  return file;
}
