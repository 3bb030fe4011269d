/**
 * One side of the exchange's own book. A key is a price in ticks, made so that the best is the greatest: the price of a bid,
 * the negative price of an ask. The best stands last, where most changes are, so that they move little.
 */
export interface PriceLadder {
  readonly keys: number[];
  readonly sizes: number[];
}

export function createLadder(): PriceLadder {
  return { keys: [], sizes: [] };
}

/** The first place whose key is not below this one. */
export function placeOf({ keys }: PriceLadder, key: number): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as number) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Size 0 takes the level away. */
export function setLevel(ladder: PriceLadder, key: number, size: number): void {
  const place = placeOf(ladder, key);
  if (ladder.keys[place] === key) {
    if (size > 0) ladder.sizes[place] = size;
    else removeAt(ladder, place);
  } else if (size > 0) {
    ladder.keys.splice(place, 0, key);
    ladder.sizes.splice(place, 0, size);
  }
}

/** 0 when there is no such level. */
export function sizeAt(ladder: PriceLadder, key: number): number {
  const place = placeOf(ladder, key);
  return ladder.keys[place] === key ? (ladder.sizes[place] as number) : 0;
}

function removeAt({ keys, sizes }: PriceLadder, place: number): void {
  if (place === keys.length - 1) {
    keys.pop();
    sizes.pop();
  } else {
    keys.splice(place, 1);
    sizes.splice(place, 1);
  }
}
