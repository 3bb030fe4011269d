import { parseRow, recordRow } from './copy-rows.ts';
import type { Gap, MarketRecord, RecordKind } from './record.ts';
import { recordKinds } from './record.ts';

/** Records and gaps that are written together, encoded: what is kept while the database is away, in memory and on disk. */
export interface RecordBatch {
  /**
   * Rows in COPY's text format, symbol by symbol: neighbours in the table and in its index, which makes writing and reading
   * cheaper than the order in which they came. The order within a symbol is kept.
   */
  readonly copyText: string;
  readonly rows: number;
  readonly symbols: ReadonlyMap<string, SymbolPart>;
  readonly gaps: readonly Gap[];
  /** When the oldest of the records came, by our clock; undefined when there are none. */
  readonly receivedAtMs: number | undefined;
}

/** What a batch holds of one symbol. */
export interface SymbolPart {
  /** Records by kind, in the order of `recordKinds`. */
  readonly counts: readonly number[];
  /** The last update of its book; undefined when there is none. */
  readonly last: BookPlace | undefined;
  /** When the first record happened. Unix milliseconds. */
  readonly firstMs: number;
}

/** How far a symbol's book is recorded. */
export interface BookPlace {
  readonly updateId: number;
  readonly eventTimeMs: number;
}

export interface BatchBuilder {
  /** Never throws. */
  add(record: MarketRecord): void;
  addGap(gap: Gap): void;
  readonly rows: number;
  readonly gaps: number;
  /** Characters of the rows. */
  readonly length: number;
  /** The batch so far; the builder is empty after it. */
  take(): RecordBatch;
}

const kindAt = Object.fromEntries(recordKinds.map((kind, at) => [kind, at])) as Record<RecordKind, number>;

interface OpenPart {
  text: string;
  counts: number[];
  last: BookPlace | undefined;
  firstMs: number;
}

export function createBatchBuilder(): BatchBuilder {
  let parts = new Map<string, OpenPart>();
  let rows = 0;
  let length = 0;
  let receivedAtMs: number | undefined;
  let gaps: Gap[] = [];
  return {
    add: (record) => {
      let part = parts.get(record.symbol);
      if (part === undefined) {
        part = { text: '', counts: recordKinds.map(() => 0), last: undefined, firstMs: record.eventTimeMs };
        parts.set(record.symbol, part);
      }
      const at = kindAt[record.kind];
      const row = recordRow(record);
      part.text += row;
      length += row.length;
      receivedAtMs = Math.min(receivedAtMs ?? record.receivedAtMs, record.receivedAtMs);
      part.counts[at] = (part.counts[at] ?? 0) + 1;
      if (isOfBook(record.kind) && isOnward(record, part.last))
        part.last = { updateId: record.updateId, eventTimeMs: record.eventTimeMs };
      rows += 1;
    },
    addGap: (gap) => {
      gaps.push(gap);
    },
    get rows() {
      return rows;
    },
    get gaps() {
      return gaps.length;
    },
    get length() {
      return length;
    },
    take: () => {
      let copyText = '';
      // Two collectors that write the same records touch them in the same order, and so wait instead of deadlocking.
      const sorted = [...parts].sort(([a], [b]) => (a < b ? -1 : 1));
      for (const [, part] of sorted) copyText += part.text;
      const symbols = new Map(sorted.map(([symbol, { counts, last, firstMs }]) => [symbol, { counts, last, firstMs }]));
      const batch = { copyText, rows, symbols, gaps, receivedAtMs };
      parts = new Map();
      rows = 0;
      length = 0;
      receivedAtMs = undefined;
      gaps = [];
      return batch;
    },
  };
}

/** Whether records of the kind move the book, so that their ids are the book's. */
export function isOfBook(kind: RecordKind): boolean {
  return kind === 'depth' || kind === 'snapshot' || kind === 'checkpoint';
}

/** A snapshot that reaches deeper may be of before; ids that began anew are lower, but later. */
function isOnward(place: BookPlace, last: BookPlace | undefined): boolean {
  return last === undefined || place.updateId > last.updateId || place.eventTimeMs > last.eventTimeMs;
}

/** A batch as bytes: a line of JSON with all but the rows, then the rows. */
export function encodeBatch(batch: RecordBatch): Buffer {
  const { copyText, symbols, ...rest } = batch;
  return Buffer.from(`${JSON.stringify({ ...rest, symbols: [...symbols] })}\n${copyText}`);
}

/** What `encodeBatch` made. The bytes must be known to be whole: a checksum is the caller's. */
export function decodeBatch(bytes: Buffer): RecordBatch {
  const end = bytes.indexOf(0x0a);
  const head = JSON.parse(bytes.toString('utf8', 0, end)) as {
    rows: number;
    gaps: Gap[];
    symbols: [string, SymbolPart][];
    receivedAtMs?: number;
  };
  const { rows, gaps, receivedAtMs } = head;
  return { copyText: bytes.toString('utf8', end + 1), rows, symbols: new Map(head.symbols), gaps, receivedAtMs };
}

/** Batches that follow each other, as one. */
export function mergeBatches(batches: readonly RecordBatch[]): RecordBatch {
  const symbols = new Map<string, SymbolPart>();
  for (const batch of batches) {
    for (const [symbol, { counts, last, firstMs }] of batch.symbols) {
      const before = symbols.get(symbol);
      const sum = before === undefined ? counts : counts.map((count, at) => count + (before.counts[at] ?? 0));
      symbols.set(symbol, { counts: sum, last: last ?? before?.last, firstMs: before?.firstMs ?? firstMs });
    }
  }
  const received = batches.flatMap((batch) => batch.receivedAtMs ?? []);
  return {
    copyText: batches.map((batch) => batch.copyText).join(''),
    rows: batches.reduce((sum, batch) => sum + batch.rows, 0),
    symbols,
    gaps: batches.flatMap((batch) => batch.gaps),
    receivedAtMs: received.length === 0 ? undefined : Math.min(...received),
  };
}

/** The batch in two halves, rows first, to find what the database refuses; undefined for one row or one gap, which has none. */
export function halveBatch(batch: RecordBatch): readonly [RecordBatch, RecordBatch] | undefined {
  const { gaps } = batch;
  const rows = batch.copyText === '' ? [] : batch.copyText.slice(0, -1).split('\n');
  if (rows.length + gaps.length < 2) return undefined;
  if (rows.length > 0 && gaps.length > 0) return [batchOf(rows, []), batchOf([], gaps)];
  const [rowsHalf, gapsHalf] = [Math.ceil(rows.length / 2), Math.ceil(gaps.length / 2)];
  return [
    batchOf(rows.slice(0, rowsHalf), gaps.slice(0, gapsHalf)),
    batchOf(rows.slice(rowsHalf), gaps.slice(gapsHalf)),
  ];
}

function batchOf(rows: readonly string[], gaps: readonly Gap[]): RecordBatch {
  const symbols = new Map<string, { counts: number[]; last: undefined; firstMs: number }>();
  for (const row of rows) {
    const { symbol, kind, eventTimeMs: firstMs } = parseRow(row);
    let part = symbols.get(symbol);
    if (part === undefined) {
      part = { counts: recordKinds.map(() => 0), last: undefined, firstMs };
      symbols.set(symbol, part);
    }
    const at = kindAt[kind as RecordKind] ?? 0;
    part.counts[at] = (part.counts[at] ?? 0) + 1;
  }
  const receivedAtMs = rows.length === 0 ? undefined : Math.min(...rows.map((row) => parseRow(row).receivedAtMs));
  return { copyText: rows.map((row) => `${row}\n`).join(''), rows: rows.length, symbols, gaps, receivedAtMs };
}
