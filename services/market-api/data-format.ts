import type { MarketRecord } from '../datasets/market/record.ts';
import type { Format } from './accept.ts';

/** What is said of the records as a whole. */
export interface Envelope {
  readonly symbol: string;
  readonly order: 'asc' | 'desc';
  /** At least: others may be written among them while they are read. */
  readonly count: number;
  readonly next: string | null;
}

const columns = [
  'kind',
  'updateId',
  'firstUpdateId',
  'previousUpdateId',
  'eventTime',
  'receivedAt',
  'bid',
  'bidSize',
  'ask',
  'askSize',
  'price',
  'size',
  'buyerIsMaker',
  'bids',
  'asks',
  'bidFloor',
  'askCeiling',
] as const;

/** A piece is sent once it is as long as this. */
const pieceLength = 64 * 1024;

/** The records as text in pieces, made page by page. Throws when there are less than `count` of them: what was sent is not whole then. */
export async function* formatRecords(
  format: Format,
  envelope: Envelope,
  pages: AsyncIterable<readonly MarketRecord[]>,
): AsyncGenerator<string, void, void> {
  const { head, row, separator, tail } = writers[format](envelope);
  let piece = head;
  let count = 0;
  for await (const page of pages) {
    for (const record of page) {
      piece += count === 0 ? row(record) : `${separator}${row(record)}`;
      count += 1;
      if (piece.length < pieceLength) continue;
      yield piece;
      piece = '';
    }
  }
  if (count < envelope.count)
    throw new Error(
      `${envelope.symbol}: ${count} records were read of ${envelope.count}: some have been removed meanwhile`,
    );
  yield piece + tail(count);
}

interface Writer {
  readonly head: string;
  readonly row: (record: MarketRecord) => string;
  readonly separator: string;
  /** `count`: how many there were. */
  readonly tail: (count: number) => string;
}

const writers: Readonly<Record<Format, (envelope: Envelope) => Writer>> = {
  json: ({ symbol, order, next }) => ({
    head: `{"symbol":"${symbol}","order":"${order}","next":${JSON.stringify(next)},"records":[`,
    row: jsonOf,
    separator: ',',
    tail: (count) => `],"count":${count}}`,
  }),
  ndjson: () => ({ head: '', row: (record) => `${jsonOf(record)}\n`, separator: '', tail: () => '' }),
  csv: () => ({ head: `${columns.join(',')}\r\n`, row: csvOf, separator: '', tail: () => '' }),
};

/** Numbers and levels go out in the digits that were stored: nothing is parsed. */
function jsonOf(record: MarketRecord): string {
  const { kind, updateId, firstUpdateId, previousUpdateId, eventTimeMs, receivedAtMs, buyerIsMaker, bids, asks } =
    record;
  const top = `"bid":${text(record.bid)},"bidSize":${text(record.bidSize)},"ask":${text(record.ask)},"askSize":${text(record.askSize)}`;
  const trade = `"price":${text(record.price)},"size":${text(record.size)},"buyerIsMaker":${buyerIsMaker}`;
  const known = `"bidFloor":${text(record.bidFloor)},"askCeiling":${text(record.askCeiling)}`;
  return `{"kind":"${kind}","updateId":${updateId},"firstUpdateId":${firstUpdateId},"previousUpdateId":${previousUpdateId},"eventTime":${eventTimeMs},"receivedAt":${receivedAtMs},${top},${trade},"bids":${bids},"asks":${asks},${known}}`;
}

function text(decimal: string | null): string {
  return decimal === null ? 'null' : `"${decimal}"`;
}

/** RFC 4180; null is an empty field. */
function csvOf(record: MarketRecord): string {
  const { kind, updateId, firstUpdateId, previousUpdateId, eventTimeMs, receivedAtMs, buyerIsMaker } = record;
  const fields = [
    kind,
    updateId,
    firstUpdateId ?? '',
    previousUpdateId ?? '',
    eventTimeMs,
    receivedAtMs,
    record.bid ?? '',
    record.bidSize ?? '',
    record.ask ?? '',
    record.askSize ?? '',
    record.price ?? '',
    record.size ?? '',
    buyerIsMaker ?? '',
    quoted(record.bids),
    quoted(record.asks),
    record.bidFloor ?? '',
    record.askCeiling ?? '',
  ];
  return `${fields.join(',')}\r\n`;
}

function quoted(levels: string | null): string {
  return levels === null ? '' : `"${levels.replaceAll('"', '""')}"`;
}
