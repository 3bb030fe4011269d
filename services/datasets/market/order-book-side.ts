import { grown, type LevelBuffer } from './order-book-levels.ts';

/**
 * One side of a book: keys ascending, the best last, so that a change near the best moves little. A key is the price of a bid,
 * and the price of an ask times -1.
 */
export interface BookSide {
  readonly sign: 1 | -1;
  count: number;
  keys: Float64Array;
  sizes: Float64Array;
  /** Every level at this key or above is known. */
  floorKey: number;
  /** Levels at floorKey or above. */
  known: number;
}

export function createSide(sign: 1 | -1): BookSide {
  return {
    sign,
    count: 0,
    keys: new Float64Array(64),
    sizes: new Float64Array(64),
    floorKey: Number.NEGATIVE_INFINITY,
    known: 0,
  };
}

/** Sets each level of the buffer, in its order; size 0 takes a level away. */
export function setLevels(side: BookSide, { prices, sizes, count }: LevelBuffer): void {
  for (let at = 0; at < count; at++) setLevel(side, side.sign * (prices[at] as number), sizes[at] as number);
}

function setLevel(side: BookSide, key: number, size: number): void {
  const at = indexOf(side, key);
  const isThere = at < side.count && side.keys[at] === key;
  if (isThere && size !== 0) {
    side.sizes[at] = size;
  } else if (isThere) {
    side.keys.copyWithin(at, at + 1, side.count);
    side.sizes.copyWithin(at, at + 1, side.count);
    side.count--;
    if (key >= side.floorKey) side.known--;
  } else if (size !== 0) {
    insert(side, at, key, size);
  }
}

function insert(side: BookSide, at: number, key: number, size: number): void {
  if (side.count === side.keys.length) {
    side.keys = grown(side.keys);
    side.sizes = grown(side.sizes);
  }
  side.keys.copyWithin(at + 1, at, side.count);
  side.sizes.copyWithin(at + 1, at, side.count);
  side.keys[at] = key;
  side.sizes[at] = size;
  side.count++;
  if (key >= side.floorKey) side.known++;
}

/** Where the key is, or would be put: the number of keys below it. */
export function indexOf({ keys, count }: BookSide, key: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as number) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The side takes exactly the levels of the buffer, the best first or in any other order. */
export function loadSide(side: BookSide, buffer: LevelBuffer, floorPrice: number | undefined): void {
  side.count = 0;
  side.known = 0;
  side.floorKey = floorPrice === undefined ? Number.NEGATIVE_INFINITY : side.sign * floorPrice;
  // From the worst on, each level of a snapshot is put at the end.
  for (let at = buffer.count - 1; at >= 0; at--)
    setLevel(side, side.sign * (buffer.prices[at] as number), buffer.sizes[at] as number);
}

/** Multiplies all prices and sizes. */
export function rescaleSide(side: BookSide, priceFactor: number, sizeFactor: number): void {
  for (let at = 0; at < side.count; at++) {
    side.keys[at] = (side.keys[at] as number) * priceFactor;
    side.sizes[at] = (side.sizes[at] as number) * sizeFactor;
  }
  side.floorKey *= priceFactor;
}

/** The greatest price and the greatest size of the side, 0 if there is none. */
export function extremesOf(side: BookSide): { price: number; size: number } {
  const price =
    side.count === 0 ? 0 : Math.max(Math.abs(side.keys[0] as number), Math.abs(side.keys[side.count - 1] as number));
  let size = 0;
  for (let at = 0; at < side.count; at++) size = Math.max(size, side.sizes[at] as number);
  return { price: Number.isFinite(side.floorKey) ? Math.max(price, Math.abs(side.floorKey)) : price, size };
}
