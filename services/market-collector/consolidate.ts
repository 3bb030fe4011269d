import type { MarketRecord } from '../datasets/market/record.ts';

/** Joins records of one symbol, so that fewer are stored; see `createConsolidator`. */
export interface Consolidator {
  /** Takes the next record; returns those that are ready, in order. */
  push(record: MarketRecord): MarketRecord[];
  /** Whose time has come by `nowMs` although nothing followed. */
  due(nowMs: number): MarketRecord[];
  /** All that is held back. */
  flush(): MarketRecord[];
}

/**
 * Makes of all updates of a symbol within `intervalMs` one: the levels that changed with their last sizes, from the first id
 * to the last, so that a book rebuilt from the joined updates is, at the end of each, the one rebuilt from all of them. Of
 * tickers the last one stands for the interval. Trades, snapshots and checkpoints pass as they are, and an update before
 * them is never moved behind them. With an interval of 0 everything passes.
 */
export function createConsolidator(intervalMs: number): Consolidator {
  let depth: Joined | undefined;
  let ticker: { readonly record: MarketRecord; readonly sinceMs: number } | undefined;

  function takeDepth(): MarketRecord[] {
    const taken = depth === undefined ? [] : [recordOf(depth)];
    depth = undefined;
    return taken;
  }

  function takeTicker(): MarketRecord[] {
    const taken = ticker === undefined ? [] : [ticker.record];
    ticker = undefined;
    return taken;
  }

  /** Also when the clock was set back: it would hold back for as long. */
  function isDue(held: { readonly sinceMs: number } | undefined, nowMs: number): boolean {
    return held !== undefined && (nowMs - held.sinceMs >= intervalMs || nowMs < held.sinceMs);
  }

  function due(nowMs: number): MarketRecord[] {
    return [...(isDue(depth, nowMs) ? takeDepth() : []), ...(isDue(ticker, nowMs) ? takeTicker() : [])];
  }

  return {
    push: (record) => {
      if (intervalMs === 0) return [record];
      const ready = due(record.receivedAtMs);
      if (record.kind === 'depth') depth = joined(depth, record);
      else if (record.kind === 'ticker') ticker = { record, sinceMs: ticker?.sinceMs ?? record.receivedAtMs };
      else if (record.kind === 'trade') ready.push(record);
      else ready.push(...takeDepth(), ...takeTicker(), record);
      return ready;
    },
    due,
    flush: () => [...takeDepth(), ...takeTicker()],
  };
}

interface Joined {
  readonly first: MarketRecord;
  readonly last: MarketRecord;
  readonly sinceMs: number;
  /** Undefined while there is one record only: most are sent as they came when a symbol is quiet. */
  readonly levels: { readonly bids: Map<string, string>; readonly asks: Map<string, string> } | undefined;
}

function joined(before: Joined | undefined, record: MarketRecord): Joined {
  if (before === undefined) return { first: record, last: record, sinceMs: record.receivedAtMs, levels: undefined };
  const levels = before.levels ?? {
    bids: addLevels(new Map(), before.first.bids),
    asks: addLevels(new Map(), before.first.asks),
  };
  addLevels(levels.bids, record.bids);
  addLevels(levels.asks, record.asks);
  return { ...before, last: record, levels };
}

/** The text was read by the book before it came here: it is a list of pairs of decimals. */
function addLevels(levels: Map<string, string>, text: string | null): Map<string, string> {
  for (const [price, size] of JSON.parse(text ?? '[]') as [string, string][]) {
    // To the end: two texts of one price must keep the order in which they came.
    levels.delete(price);
    levels.set(price, size);
  }
  return levels;
}

function recordOf({ first, last, levels }: Joined): MarketRecord {
  if (levels === undefined) return last;
  return {
    ...last,
    firstUpdateId: first.firstUpdateId,
    previousUpdateId: first.previousUpdateId,
    bids: JSON.stringify([...levels.bids]),
    asks: JSON.stringify([...levels.asks]),
  };
}
