import { formatDecimal } from '../datasets/market/decimal.ts';
import type { BookTicker, DepthDiff, DepthSnapshot, Market } from './binance/messages.ts';

/** A symbol as an exchange has it: what happens to it is told by diffs and tickers, numbered as the market does. */
export interface ExchangeSymbol {
  /** So many changes, in one diff, with the tickers of those that changed the best. */
  step(changes: number): { readonly diff: DepthDiff; readonly tickers: readonly BookTicker[] };
  /** The book as it was at an id, or at the newest before it. */
  snapshot(atId: number, limit?: number): DepthSnapshot;
  /** All levels at an id, as `snapshot` tells them. */
  truthAt(id: number): Levels;
  /** As `truthAt`, by the numbering before `resetIds`; undefined if that never was. */
  earlierTruthAt(id: number): Levels | undefined;
  /** The exchange numbers from far back again. */
  resetIds(): void;
  /** Nothing happens for a while. */
  wait(durationMs: number): void;
  readonly lastId: number;
  readonly nowMs: number;
}

export interface Levels {
  readonly bids: string;
  readonly asks: string;
}

/** A book of up to a hundred levels around a price that wanders. `random` gives numbers in [0, 1). */
export function createExchangeSymbol(market: Market, random: () => number): ExchangeSymbol {
  const bids = new Map<number, number>();
  const asks = new Map<number, number>();
  let truths = new Map<number, Levels>();
  let earlier: Map<number, Levels> | undefined;
  let lastId = 100_000_000;
  let lastDiffId = lastId;
  let nowMs = 1_700_000_000_000;
  let middle = 500;
  for (let of = 1; of <= 20; of++) {
    bids.set(middle - of, of);
    asks.set(middle + of, of);
  }
  truths.set(lastId, truth());

  function truth() {
    return { bids: JSON.stringify(sorted(bids, -1)), asks: JSON.stringify(sorted(asks, 1)) };
  }

  function change(): ['b' | 'a', number, number] {
    if (random() < 0.1) middle += random() < 0.5 ? -1 : 1;
    const isBid = random() < 0.5;
    // Most happens near the best.
    const distance = Math.floor(random() * random() * random() * 30);
    const price = isBid ? middle - 1 - distance : middle + 1 + distance;
    return [isBid ? 'b' : 'a', price, random() < 0.4 ? 0 : 1 + Math.floor(random() * 900)];
  }

  /** What the change makes impossible goes with it, as orders that trade do. */
  function apply([side, price, size]: ['b' | 'a', number, number]): ['b' | 'a', number, number][] {
    const changes: ['b' | 'a', number, number][] = [];
    const [own, other, goes] =
      side === 'b' ? [bids, asks, (of: number) => of <= price] : [asks, bids, (of: number) => of >= price];
    for (const of of [...other.keys()].filter(goes)) {
      other.delete(of);
      changes.push([side === 'b' ? 'a' : 'b', of, 0]);
    }
    if (size === 0) own.delete(price);
    else own.set(price, size);
    return [...changes, [side, price, size]];
  }

  return {
    step(changes) {
      // On futures other symbols take ids too.
      const skipped = () => (market === 'spot' ? 1 : 1 + Math.floor(random() * 5));
      const tickers: BookTicker[] = [];
      const changed = { b: new Map<number, number>(), a: new Map<number, number>() };
      let firstUpdateId = 0;
      for (let of = 0; of < changes; of++) {
        const before = bestOf(bids, asks);
        lastId += skipped();
        firstUpdateId ||= lastId;
        for (const [side, price, size] of apply(change())) changed[side].set(price, size);
        truths.set(lastId, truth());
        const after = bestOf(bids, asks);
        if (String(after) === String(before)) continue;
        const [bid, bidSize, ask, askSize] = after;
        tickers.push({
          kind: 'ticker',
          symbol: 'X',
          updateId: lastId,
          eventTimeMs: undefined,
          bid,
          bidSize,
          ask,
          askSize,
        });
      }
      nowMs += 100;
      const diff: DepthDiff = {
        kind: 'depth',
        symbol: 'X',
        firstUpdateId,
        lastUpdateId: lastId,
        previousUpdateId: market === 'spot' ? undefined : lastDiffId,
        eventTimeMs: nowMs,
        bids: JSON.stringify([...changed.b].map(levelText)),
        asks: JSON.stringify([...changed.a].map(levelText)),
      };
      lastDiffId = lastId;
      return { diff, tickers };
    },
    snapshot(atId, limit = 1000) {
      const { bids: bidText, asks: askText } = newestUpTo(truths, atId);
      const eventTimeMs = market === 'spot' ? undefined : nowMs;
      const cut = (text: string) => JSON.stringify((JSON.parse(text) as unknown[]).slice(0, limit));
      return { lastUpdateId: atId, eventTimeMs, bids: cut(bidText), asks: cut(askText), limit };
    },
    truthAt: (id) => newestUpTo(truths, id),
    earlierTruthAt: (id) => earlier && newestUpTo(earlier, id),
    resetIds() {
      earlier = truths;
      lastId -= 1_000_000;
      lastDiffId = lastId;
      truths = new Map([[lastId, truth()]]);
    },
    wait(durationMs) {
      nowMs += durationMs;
    },
    get lastId() {
      return lastId;
    },
    get nowMs() {
      return nowMs;
    },
  };
}

/** The ids are in order. */
function newestUpTo(truths: ReadonlyMap<number, Levels>, id: number): Levels {
  let newest: Levels = { bids: '[]', asks: '[]' };
  for (const [at, levels] of truths) if (at <= id) newest = levels;
  return newest;
}

function levelText([price, size]: readonly [number, number]): [string, string] {
  return [formatDecimal(price, 2), formatDecimal(size, 1)];
}

function sorted(side: ReadonlyMap<number, number>, sign: 1 | -1): [string, string][] {
  return [...side].sort(([a], [b]) => sign * (a - b)).map(levelText);
}

function bestOf(bids: ReadonlyMap<number, number>, asks: ReadonlyMap<number, number>) {
  const [bid = '0', bidSize = '0'] = sorted(bids, -1)[0] ?? [];
  const [ask = '0', askSize = '0'] = sorted(asks, 1)[0] ?? [];
  return [bid, bidSize, ask, askSize] as const;
}
