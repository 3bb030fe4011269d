import { parseRow } from '../datasets/market/copy-rows.ts';
import { keyOfGap } from '../datasets/market/gaps.ts';
import type { Gap, GapReason, GapStream, MarketRecord, RecordKind } from '../datasets/market/record.ts';
import { type BookPlace, isOfBook, type RecordBatch } from '../datasets/market/write-batch.ts';

/**
 * How far each symbol is recorded, and of which records are missing although its book went on. A book can be rebuilt again from the
 * next snapshot or checkpoint that is recorded: that closes the gap. Times are by the exchange's clock, as those of all gaps.
 */
export interface Losses {
  /** The batch will be in PostgreSQL: it has its place in memory or on disk. */
  onKept(batch: Pick<RecordBatch, 'symbols'>): void;
  onStored(batch: Pick<RecordBatch, 'symbols'>): void;
  /** There was no place for the batch. */
  onDropped(batch: RecordBatch): void;
  /** PostgreSQL refuses a batch of one row for good. */
  onRefused(batch: RecordBatch, reason: string): void;
  /** A batch on disk cannot be read. Nobody knows whose records it held: they may have been any of these, or of those kept. */
  onDamaged(symbols: readonly string[]): void;
  /** To be called with each record that will be kept, while there is a gap: it may be what ends it. */
  onRecord(record: MarketRecord): void;
  /** What somebody else left: the last place that PostgreSQL has of a symbol, and a gap that is still open. */
  adoptPlace(symbol: string, place: BookPlace): void;
  adoptGap(gap: Gap): void;
  findKept(symbol: string): BookPlace | undefined;
  /** Asks for a checkpoint of each symbol that has a gap. */
  askForCheckpoints(): void;
  /** How many symbols have a gap. */
  readonly size: number;
}

interface Loss {
  readonly reason: GapReason;
  /** The last update of the symbol that is kept. */
  readonly fromUpdateId: number;
  /** When that was. */
  readonly openedAtMs: number;
  readonly rows: number;
  readonly detail: string;
}

/** Kinds of records from which on a stream is whole again. */
const endsOf: Readonly<Record<GapStream, readonly RecordKind[]>> = {
  book: ['snapshot', 'checkpoint'],
  trades: ['trade'],
  tickers: ['ticker'],
};

export function createLosses(options: {
  /** Writes down a gap that is found or over. */
  readonly report: (gap: Gap) => void;
  readonly wantCheckpoints: (symbols: readonly string[]) => void;
  readonly clock: () => number;
}): Losses {
  const { report, wantCheckpoints, clock } = options;
  const kept = new Map<string, BookPlace>();
  const stored = new Map<string, BookPlace>();
  const open = new Map<string, { gaps: Gap[]; rows: number }>();

  function add(symbol: string, { rows, ...loss }: Loss): void {
    const before = open.get(symbol);
    if (before !== undefined) {
      before.rows += rows;
      return;
    }
    const gap: Gap = { symbol, stream: 'book', toUpdateId: null, closedAtMs: null, ...loss };
    open.set(symbol, { gaps: [gap], rows });
    report(gap);
  }

  return {
    onKept: ({ symbols }) => {
      for (const [symbol, { last }] of symbols) if (last !== undefined) kept.set(symbol, last);
    },
    onStored: ({ symbols }) => {
      for (const [symbol, { last }] of symbols) if (last !== undefined) stored.set(symbol, last);
    },
    onDropped: (batch) => {
      for (const [symbol, { counts, firstMs }] of batch.symbols) {
        add(symbol, {
          reason: 'spill',
          fromUpdateId: kept.get(symbol)?.updateId ?? 0,
          openedAtMs: kept.get(symbol)?.eventTimeMs ?? firstMs,
          rows: counts.reduce((sum, count) => sum + count, 0),
          detail: 'memory and disk were full while PostgreSQL was away or behind',
        });
      }
    },
    onRefused: (batch, detail) => {
      const { symbol, kind, updateId, eventTimeMs } = parseRow(batch.copyText);
      // Trades and tickers stand alone; without an update of the book it cannot be rebuilt.
      if (!isOfBook(kind as RecordKind)) return;
      const openedAtMs = isTime(eventTimeMs) ? eventTimeMs : clock();
      const fromUpdateId = updateId > 0 ? updateId - 1 : 0;
      add(symbol, { reason: 'garbage', fromUpdateId, openedAtMs, rows: 1, detail });
      wantCheckpoints([symbol]);
    },
    onDamaged: (symbols) => {
      const all = [...new Set([...symbols, ...kept.keys()])];
      for (const symbol of all) {
        const last = stored.get(symbol);
        add(symbol, {
          reason: 'spill',
          fromUpdateId: last?.updateId ?? 0,
          openedAtMs: last?.eventTimeMs ?? clock(),
          rows: 0,
          detail: 'a batch on disk was damaged, which may have held records of this symbol',
        });
      }
      wantCheckpoints(all);
    },
    onRecord: (record) => {
      const found = open.get(record.symbol);
      const ended = found?.gaps.filter(({ stream }) => endsOf[stream].includes(record.kind)) ?? [];
      if (found === undefined || ended.length === 0) return;
      found.gaps = found.gaps.filter((gap) => !ended.includes(gap));
      if (found.gaps.length === 0) open.delete(record.symbol);
      const lost = found.rows > 0 ? `; ${found.rows} records lost` : '';
      for (const gap of ended) {
        report({ ...gap, toUpdateId: record.updateId, closedAtMs: record.eventTimeMs, detail: `${gap.detail}${lost}` });
      }
    },
    adoptPlace: (symbol, place) => {
      if (!stored.has(symbol)) stored.set(symbol, place);
    },
    adoptGap: (gap) => {
      const found = open.get(gap.symbol);
      if (found === undefined) open.set(gap.symbol, { gaps: [gap], rows: 0 });
      else if (!found.gaps.some((held) => keyOfGap(held) === keyOfGap(gap))) found.gaps.push(gap);
    },
    findKept: (symbol) => kept.get(symbol),
    askForCheckpoints: () => wantCheckpoints([...open.keys()]),
    get size() {
      return open.size;
    },
  };
}

/** Whether PostgreSQL takes it too: what it refused may be the time itself. */
function isTime(ms: number): boolean {
  return ms > 0 && ms < Date.UTC(9999, 0, 1);
}
