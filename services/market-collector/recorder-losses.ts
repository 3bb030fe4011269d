import type { Gap, GapReason, MarketRecord } from '../datasets/market/record.ts';

/**
 * Symbols of which records are missing in the store, though their books went on. A book can be rebuilt again from the next
 * snapshot or checkpoint that is recorded: that closes the gap.
 */
export interface Losses {
  /** Records of a symbol were lost; the first time it reports the gap. */
  add(symbol: string, loss: Loss): void;
  /** A gap that an earlier process left open. */
  adopt(gap: Gap): void;
  /** To be called with each snapshot and checkpoint that will be kept. */
  onBook(record: MarketRecord): void;
  /** How many symbols have an open gap. */
  readonly size: number;
  readonly symbols: readonly string[];
}

export interface Loss {
  readonly reason: GapReason;
  /** The last update of the symbol that is kept. */
  readonly fromUpdateId: number;
  /** When the first of the lost records came. */
  readonly openedAtMs: number;
  readonly rows: number;
  readonly detail: string;
}

export function createLosses(report: (gap: Gap) => void, clock: () => number): Losses {
  const open = new Map<string, { gaps: Gap[]; rows: number }>();
  return {
    add: (symbol, loss) => {
      const before = open.get(symbol);
      if (before !== undefined) {
        before.rows += loss.rows;
        return;
      }
      const { reason, fromUpdateId, openedAtMs, detail } = loss;
      const gap: Gap = { symbol, reason, fromUpdateId, toUpdateId: null, openedAtMs, closedAtMs: null, detail };
      open.set(symbol, { gaps: [gap], rows: loss.rows });
      report(gap);
    },
    adopt: (gap) => {
      const of = open.get(gap.symbol) ?? { gaps: [], rows: 0 };
      of.gaps.push(gap);
      open.set(gap.symbol, of);
    },
    onBook: (record) => {
      const found = open.get(record.symbol);
      if (found === undefined) return;
      open.delete(record.symbol);
      const lost = found.rows > 0 ? `; ${found.rows} records lost` : '';
      for (const gap of found.gaps) {
        report({ ...gap, toUpdateId: record.updateId, closedAtMs: clock(), detail: `${gap.detail}${lost}` });
      }
    },
    get size() {
      return open.size;
    },
    get symbols() {
      return [...open.keys()];
    },
  };
}
