import type { Market } from '../../market-collector/binance/messages.ts';
import { seededRandom } from '../../testing/seeded-random.ts';

export interface FeedOptions {
  readonly market: Extract<Market, 'spot' | 'usdm'>;
  /** How many symbols; the first is the busiest. */
  readonly symbols: number;
  readonly seed: number;
}

/** A market made up, whose messages have the shape, the sizes and the proportions of Binance's. */
export interface Feed {
  /** The exchange's names. */
  readonly symbols: readonly string[];
  /** What `GET …/depth?limit=1000` answers now. */
  snapshot(symbol: string, timeMs: number): string;
  /** The next message of its depth stream, as a combined stream brings it. */
  diff(symbol: string, timeMs: number): string;
  /** What its ticker stream says now. Spot only. */
  ticker(symbol: string): string;
  /** `u` of the last message; before the first, of the snapshot. */
  lastUpdateId(symbol: string): number;
}

/** Of a snapshot, a side. */
const levelsMax = 1000;
/** No side ever gets thinner. */
const levelsMin = 20;

interface Side {
  /** 1 for asks, whose levels lie above their best; -1 for bids. */
  readonly away: 1 | -1;
  /** Size by price, both in their smallest units. */
  readonly levels: Map<number, number>;
  best: number;
}

interface Instrument {
  readonly bids: Side;
  readonly asks: Side;
  readonly priceDecimals: number;
  readonly sizeDecimals: number;
  readonly levelsPerDiff: number;
  lastUpdateId: number;
  fresh: boolean;
}

/**
 * As recordings of all three markets show: the number of levels of a diff is spread about exponentially around a mean of
 * 2 (quiet) to 40 (busiest), a fifth to a half of them are removals, most lie near the best, a few anywhere.
 * The same options give the same messages.
 */
export function createFeed({ market, symbols: count, seed }: FeedOptions): Feed {
  const random = seededRandom(seed);
  const instruments = new Map<string, Instrument>();
  for (let rank = 0; rank < count; rank++) instruments.set(`COIN${rank}USDT`, createInstrument(rank, random));
  const instrumentOf = (symbol: string): Instrument => {
    const found = instruments.get(symbol);
    if (found === undefined) throw new Error(`The feed has no ${symbol}.`);
    return found;
  };
  return {
    symbols: [...instruments.keys()],
    lastUpdateId: (symbol) => instrumentOf(symbol).lastUpdateId,
    ticker: (symbol) => {
      const instrument = instrumentOf(symbol);
      const best = ({ best, levels }: Side) => levelTexts(market, instrument, [best, levels.get(best) ?? 0]);
      const [bid, bidSize] = best(instrument.bids);
      const [ask, askSize] = best(instrument.asks);
      const data = { u: instrument.lastUpdateId, s: symbol, b: bid, B: bidSize, a: ask, A: askSize };
      return JSON.stringify({ stream: `${symbol.toLowerCase()}@bookTicker`, data });
    },
    snapshot: (symbol, timeMs) => {
      const instrument = instrumentOf(symbol);
      const times = market === 'spot' ? '' : `"E":${timeMs},"T":${timeMs - 4},`;
      const side = ({ levels, away }: Side) =>
        levelsText(market, instrument, [...levels].sort(([a], [b]) => away * (a - b)).slice(0, levelsMax));
      return `{"lastUpdateId":${instrument.lastUpdateId},${times}"bids":${side(instrument.bids)},"asks":${side(instrument.asks)}}`;
    },
    diff: (symbol, timeMs) => {
      const instrument = instrumentOf(symbol);
      const { bids, asks } = changeBook(instrument, random);
      const previous = instrument.lastUpdateId;
      // Futures count the updates of all symbols together. The first diff begins before the snapshot, as both rules want it.
      const skipped = market === 'spot' ? 0 : Math.floor(random() * 500);
      const first = instrument.fresh ? previous - 1 : previous + 1 + skipped;
      const last = previous + skipped + bids.size + asks.size;
      instrument.lastUpdateId = last;
      instrument.fresh = false;
      const name = symbol.toLowerCase();
      const head = `{"stream":"${name}@depth@100ms","data":{"e":"depthUpdate","E":${timeMs}`;
      const ids =
        market === 'spot'
          ? `"s":"${symbol}","U":${first},"u":${last}`
          : `"T":${timeMs - 4},"s":"${symbol}","U":${first},"u":${last},"pu":${Math.min(previous, first - 1)}`;
      const bidsBestFirst = market === 'spot' ? -1 : 1;
      const b = levelsText(
        market,
        instrument,
        [...bids].sort(([a], [b]) => bidsBestFirst * (a - b)),
      );
      const a = levelsText(
        market,
        instrument,
        [...asks].sort(([a], [b]) => a - b),
      );
      return `${head},${ids},"b":${b},"a":${a}}}`;
    },
  };
}

function createInstrument(rank: number, random: () => number): Instrument {
  const mid = 20_000 + Math.floor(random() * 6_000_000);
  const sizeDecimals = [5, 4, 3, 2, 1, 0][rank % 6] ?? 0;
  const side = (away: 1 | -1): Side => {
    const levels = new Map<number, number>();
    for (let price = mid + (away === 1 ? 1 : 0); levels.size < levelsMax; price += away) {
      if (random() < 0.7) levels.set(price, someSize(random));
    }
    return { away, levels, best: levels.keys().next().value ?? mid };
  };
  return {
    bids: side(-1),
    asks: side(1),
    priceDecimals: 2 + (rank % 4),
    sizeDecimals,
    levelsPerDiff: 40 / (1 + rank / 4) ** 0.55,
    lastUpdateId: 10_000_000_000 + Math.floor(random() * 1e9),
    fresh: true,
  };
}

/** One update of the book; what changed, by price. A size of 0 removes. */
function changeBook({ bids, asks, levelsPerDiff }: Instrument, random: () => number) {
  const changes = { bids: new Map<number, number>(), asks: new Map<number, number>() };
  const set = (side: Side, price: number, size: number): void => {
    (side === bids ? changes.bids : changes.asks).set(price, size);
    if (size > 0) {
      side.levels.set(price, size);
      if ((price - side.best) * side.away < 0) side.best = price;
      return;
    }
    side.levels.delete(price);
    while (!side.levels.has(side.best)) side.best += side.away;
  };
  const wanted = 1 + Math.floor(-Math.log(1 - random()) * (levelsPerDiff - 1));
  if (random() < 0.15) {
    // Somebody takes the best of one side, and the rest of the order stays there as the best of the other.
    const [taken, taker] = random() < 0.5 ? [asks, bids] : [bids, asks];
    if (taken.levels.size > levelsMin) {
      const price = taken.best;
      set(taken, price, 0);
      set(taker, price, someSize(random));
    }
  }
  while (changes.bids.size + changes.asks.size < wanted) {
    const [side, other] = random() < 0.5 ? [bids, asks] : [asks, bids];
    const anywhere = random() < 0.08;
    const distance = Math.floor(anywhere ? random() * 1200 : -Math.log(1 - random()) * 15) - (random() < 0.05 ? 1 : 0);
    const price = side.best + side.away * distance;
    if ((price - other.best) * side.away <= 0) continue;
    const removes = side.levels.has(price) && side.levels.size > levelsMin && random() < 0.4;
    set(side, price, removes ? 0 : someSize(random));
    // Of a level that nobody was told of: the documents say that it happens.
    if (random() < 0.003) (side === bids ? changes.bids : changes.asks).set(side.best + side.away * 4000, 0);
  }
  return changes;
}

/** At most 10 digits: with the price's they stay below what a double holds exactly, as peers keep doubles. */
function someSize(random: () => number): number {
  return 1 + Math.floor(10 ** (1 + random() * 7));
}

function levelsText(market: Market, instrument: Instrument, levels: [price: number, size: number][]): string {
  const rows = levels.map((level) => {
    const [price, size] = levelTexts(market, instrument, level);
    return `["${price}","${size}"]`;
  });
  return `[${rows.join(',')}]`;
}

function levelTexts(
  market: Market,
  { priceDecimals, sizeDecimals }: Instrument,
  [price, size]: readonly [price: number, size: number],
): [price: string, size: string] {
  // Spot pads every number to eight decimals.
  const padding = (decimals: number) => (market === 'spot' ? 8 - decimals : 0);
  return [
    decimalText(price, priceDecimals, padding(priceDecimals)),
    decimalText(size, sizeDecimals, padding(sizeDecimals)),
  ];
}

function decimalText(units: number, decimals: number, zeros: number): string {
  const digits = String(units).padStart(decimals + 1, '0');
  const point = digits.length - decimals;
  const fraction = digits.slice(point) + '0'.repeat(zeros);
  return fraction === '' ? digits : `${digits.slice(0, point)}.${fraction}`;
}
