import { formatDecimal } from './decimal.ts';
import {
  BookError,
  canonicalLevels,
  createLevelBuffer,
  noScales,
  placesMax,
  powerOfTen,
  type Scales,
  scanLevels,
} from './order-book-levels.ts';
import { type BookSide, createSide, extremesOf, indexOf, loadSide, rescaleSide, setLevels } from './order-book-side.ts';

/** A side of levels as JSON `[["price","size"],…]`, of what an exchange sent or of what `levelsText` gave. */
export interface SideTexts {
  readonly bids: string;
  readonly asks: string;
}

/**
 * Every level at `bidFloor` or above, and at `askCeiling` or below, is known; null: the whole side is. It is a price, not a
 * level: when the level there goes, all above it are still known, so the floor stays where the snapshot put it.
 */
export interface KnownRange {
  readonly bidFloor: string | null;
  readonly askCeiling: string | null;
}

/** Decimal text; null when the side is empty, or when its best may be a level that is not known. */
export interface BookTop {
  readonly bid: string | null;
  readonly bidSize: string | null;
  readonly ask: string | null;
  readonly askSize: string | null;
}

export type Side = 'bid' | 'ask';

/** The book of one symbol. Prices and sizes are exact, and are written with as many decimals as the exchange writes them. */
export interface OrderBook extends KnownRange {
  /**
   * Sets the levels that changed, size 0 takes one away. A level beyond the known range is kept as well.
   * @throws BookError if either text is no level list, or has a number beyond 2^53 at the book's scale; nothing is changed then
   */
  apply(changes: SideTexts): void;
  /** Forgets all, and takes these levels. @throws BookError as `apply`; nothing is changed then */
  load(levels: SideTexts, known: KnownRange): void;
  /** Forgets all. */
  clear(): void;
  best(): BookTop;
  /** The best first; those beyond the known range too (others among them may be missing). */
  levels(side: Side, limit?: number): [price: string, size: string][];
  /** All levels as JSON, the best first. Loaded again with the same known range it makes the same book. */
  levelsText(side: Side): string;
  /** Whether the best bid is not below the best ask. */
  isCrossed(): boolean;
  /**
   * How much can be sold (bid) or bought (ask) within so many basis points of the middle of best bid and ask: the exact sum of
   * sizes. Null when that reaches beyond what is known, or a side has no best. @throws RangeError if `bps` is no whole number
   */
  depthWithin(side: Side, bps: number): string | null;
  /** The same in the quote asset: the exact sum of price × size. */
  quoteWithin(side: Side, bps: number): string | null;
  /** All levels that are held. */
  readonly levelCount: number;
  /** Levels of a side within its known range. */
  knownCount(side: Side): number;
}

export function createOrderBook(): OrderBook {
  const bids = createSide(1);
  const asks = createSide(-1);
  const bidBuffer = createLevelBuffer();
  const askBuffer = createLevelBuffer();
  let scales = noScales;
  const sideOf = (side: Side) => (side === 'bid' ? bids : asks);
  const price = (value: number) => formatDecimal(value, scales.priceScale, scales.pricePlaces);
  const size = (value: number | bigint) => formatDecimal(value, scales.sizeScale, scales.sizePlaces);

  /** Fills both buffers at scales that hold them, without touching the book; gives those scales. */
  function read(texts: SideTexts, at: Readonly<Scales>): Readonly<Scales> {
    const needed = { ...at };
    let { bids: bidText, asks: askText } = texts;
    let bidScan = scanLevels(bidText, at, bidBuffer, needed);
    let askScan = scanLevels(askText, at, askBuffer, needed);
    if (bidScan === 'done' && askScan === 'done') return at;
    if (bidScan === 'other') {
      bidText = canonicalLevels(bidText);
      bidScan = scanLevels(bidText, at, bidBuffer, needed);
    }
    if (askScan === 'other') {
      askText = canonicalLevels(askText);
      askScan = scanLevels(askText, at, askBuffer, needed);
    }
    if (bidScan === 'done' && askScan === 'done') return at;
    if (needed.pricePlaces > placesMax || needed.sizePlaces > placesMax)
      throw new BookError(`a number has more than ${placesMax} decimals`);
    scanLevels(bidText, needed, bidBuffer, needed);
    scanLevels(askText, needed, askBuffer, needed);
    return needed;
  }

  function rescale(wider: Readonly<Scales>): void {
    const priceFactor = powerOfTen(wider.priceScale - scales.priceScale);
    const sizeFactor = powerOfTen(wider.sizeScale - scales.sizeScale);
    for (const side of [bids, asks]) {
      const most = extremesOf(side);
      if (most.price * priceFactor > Number.MAX_SAFE_INTEGER || most.size * sizeFactor > Number.MAX_SAFE_INTEGER)
        throw new BookError('a level of the book is beyond 2^53 at the decimals of this update');
    }
    rescaleSide(bids, priceFactor, sizeFactor);
    rescaleSide(asks, priceFactor, sizeFactor);
    scales = wider;
  }

  function levelsOf(name: Side, limit = Number.POSITIVE_INFINITY): [price: string, size: string][] {
    const side = sideOf(name);
    const levels: [string, string][] = [];
    for (let at = side.count - 1; at >= 0 && levels.length < limit; at--)
      levels.push([price(side.sign * (side.keys[at] as number)), size(side.sizes[at] as number)]);
    return levels;
  }

  /** The worst level of a side within `bps`; undefined when that is not known. */
  function findFirstWithin(name: Side, bps: number): number | undefined {
    if (!Number.isSafeInteger(bps) || bps < 0) throw new RangeError(`bps must be a whole number, not ${bps}`);
    if (bids.known === 0 || asks.known === 0) return undefined;
    const side = sideOf(name);
    const limit = limitKey(bestKey(bids) - bestKey(asks), side.sign, bps);
    return limit < side.floorKey ? undefined : indexOf(side, limit);
  }

  return {
    apply(changes) {
      const wider = read(changes, scales);
      if (wider !== scales) rescale(wider);
      setLevels(bids, bidBuffer);
      setLevels(asks, askBuffer);
    },
    load(levels, { bidFloor, askCeiling }) {
      const floors = { bids: floorText(bidFloor), asks: floorText(askCeiling) };
      const loaded = read(levels, read(floors, noScales));
      const [bidFloorPrice, askCeilingPrice] = [scaledPrice(floors.bids, loaded), scaledPrice(floors.asks, loaded)];
      scales = loaded;
      loadSide(bids, bidBuffer, bidFloorPrice);
      loadSide(asks, askBuffer, askCeilingPrice);
    },
    clear() {
      bidBuffer.count = 0;
      scales = noScales;
      loadSide(bids, bidBuffer, undefined);
      loadSide(asks, bidBuffer, undefined);
    },
    best() {
      const hasBid = bids.known > 0;
      const hasAsk = asks.known > 0;
      return {
        bid: hasBid ? price(bestKey(bids)) : null,
        bidSize: hasBid ? size(bids.sizes[bids.count - 1] as number) : null,
        ask: hasAsk ? price(-bestKey(asks)) : null,
        askSize: hasAsk ? size(asks.sizes[asks.count - 1] as number) : null,
      };
    },
    levels: levelsOf,
    levelsText: (name) => JSON.stringify(levelsOf(name)),
    isCrossed() {
      return bids.count > 0 && asks.count > 0 && bestKey(bids) >= -bestKey(asks);
    },
    depthWithin(name, bps) {
      const from = findFirstWithin(name, bps);
      return from === undefined ? null : size(sumFrom(sideOf(name), from));
    },
    quoteWithin(name, bps) {
      const from = findFirstWithin(name, bps);
      const scale = scales.priceScale + scales.sizeScale;
      return from === undefined ? null : formatDecimal(quoteFrom(sideOf(name), from), scale);
    },
    knownCount: (name) => sideOf(name).known,
    get levelCount() {
      return bids.count + asks.count;
    },
    get bidFloor() {
      return Number.isFinite(bids.floorKey) ? price(bids.floorKey) : null;
    },
    get askCeiling() {
      return Number.isFinite(asks.floorKey) ? price(-asks.floorKey) : null;
    },
  };
}

function bestKey({ keys, count }: BookSide): number {
  return keys[count - 1] as number;
}

function floorText(price: string | null): string {
  return price === null ? '[]' : JSON.stringify([[price, '0']]);
}

/** Of the text of a floor, at scales that hold it. */
function scaledPrice(text: string, scales: Readonly<Scales>): number | undefined {
  const buffer = createLevelBuffer();
  scanLevels(text, scales, buffer, { ...scales });
  return buffer.count === 0 ? undefined : buffer.prices[0];
}

/**
 * The worst key within `bps` of half of `doubleMiddle`: bids down to middle × (1 - bps/10,000), asks up to middle × (1 + …).
 * In integers of any size: the product is beyond 2^53.
 */
function limitKey(doubleMiddle: number, sign: 1 | -1, bps: number): number {
  const product = BigInt(doubleMiddle) * BigInt(10_000 - sign * bps);
  // Bids: rounded up to the next price that is within; asks: rounded down.
  return sign === 1 ? Number((product + 19_999n) / 20_000n) : -Number(product / 20_000n);
}

/** Exact though the sum may be beyond 2^53. */
function sumFrom(side: BookSide, from: number): bigint {
  let total = 0n;
  let sum = 0;
  for (let at = from; at < side.count; at++) {
    const size = side.sizes[at] as number;
    if (sum + size > Number.MAX_SAFE_INTEGER) {
      total += BigInt(sum);
      sum = 0;
    }
    sum += size;
  }
  return total + BigInt(sum);
}

/** The sum of price × size, exact though either may be beyond 2^53. */
function quoteFrom(side: BookSide, from: number): bigint {
  let total = 0n;
  let sum = 0;
  for (let at = from; at < side.count; at++) {
    const price = Math.abs(side.keys[at] as number);
    const size = side.sizes[at] as number;
    const product = price * size;
    if (product > Number.MAX_SAFE_INTEGER) {
      total += BigInt(price) * BigInt(size);
      continue;
    }
    if (sum + product > Number.MAX_SAFE_INTEGER) {
      total += BigInt(sum);
      sum = 0;
    }
    sum += product;
  }
  return total + BigInt(sum);
}
