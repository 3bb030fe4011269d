import type { MarketRecord } from './record.ts';

/** The columns in the order in which `recordRow` writes them. */
export const recordColumns =
  'event_time, received_at, update_id, first_update_id, previous_update_id, kind, buyer_is_maker, symbol, bid, bid_size, ask, ask_size, price, size, bid_floor, ask_ceiling, bids, asks';

/** The fields of a row that `parseRow` gives back: which record it is. */
export interface RowKey {
  readonly symbol: string;
  readonly kind: string;
  readonly updateId: number;
  readonly eventTimeMs: number;
  readonly receivedAtMs: number;
}

/**
 * One row of PostgreSQL's COPY text format, newline included. Never throws. What PostgreSQL cannot hold (a price that is no
 * decimal, a NUL character) is left for it to refuse: it says why better than we could, and the row stays as it came.
 * https://www.postgresql.org/docs/18/sql-copy.html#SQL-COPY-FILE-FORMATS-TEXT-FORMAT
 */
export function recordRow(r: MarketRecord): string {
  // Runs for every record: plain concatenation is several times faster than a generic row writer.
  return `${eventTime(r.eventTimeMs)}\t${receivedAt(r.receivedAtMs)}\t${r.updateId}\t${r.firstUpdateId ?? '\\N'}\t${r.previousUpdateId ?? '\\N'}\t${r.kind}\t${flag(r.buyerIsMaker)}\t${text(r.symbol)}\t${text(r.bid)}\t${text(r.bidSize)}\t${text(r.ask)}\t${text(r.askSize)}\t${text(r.price)}\t${text(r.size)}\t${text(r.bidFloor)}\t${text(r.askCeiling)}\t${text(r.bids)}\t${text(r.asks)}\n`;
}

/** Which record a row of `recordRow` is. */
export function parseRow(row: string): RowKey {
  const fields = row.split('\t', 8);
  return {
    symbol: fields[7] ?? '',
    kind: fields[5] ?? '',
    updateId: Number(fields[2]),
    eventTimeMs: Date.parse(fields[0] ?? ''),
    receivedAtMs: Date.parse(fields[1] ?? ''),
  };
}

function flag(value: boolean | null): string {
  return value === null ? '\\N' : value ? 't' : 'f';
}

const plain = /^[ -[\]-~]*$/;

function text(value: string | null): string {
  if (value === null) return '\\N';
  return plain.test(value) ? value : escaped(value);
}

const escapes: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escaped(value: string): string {
  return value.toWellFormed().replace(/[\\\n\r\t]/g, (character) => escapes[character] ?? character);
}

const eventTime = createTimeText();
const receivedAt = createTimeText();

/** Unix milliseconds as a timestamptz in UTC. Neighbours are mostly of the same second, whose text is kept. */
function createTimeText(): (ms: number) => string {
  let second = Number.NaN;
  let prefix = '';
  return (ms) => {
    const of = Math.floor(ms / 1000);
    if (of !== second) {
      const date = new Date(of * 1000);
      // PostgreSQL refuses the text with a reason, and an invalid Date would throw here.
      if (Number.isNaN(date.getTime())) return String(ms);
      prefix = `${date.toISOString().slice(0, -4)}`;
      second = of;
    }
    const rest = ms - of * 1000;
    return `${prefix}${rest < 10 ? `00${rest}` : rest < 100 ? `0${rest}` : rest}Z`;
  };
}
