/** Levels that a book cannot take: no level list, or numbers beyond what it can hold exactly. The book is as it was before. */
export class BookError extends Error {
  override readonly name = 'BookError';
}

/** How a book counts: numbers are integers of 10^-`…Scale`, and are written with `…Places` decimals. */
export interface Scales {
  priceScale: number;
  sizeScale: number;
  pricePlaces: number;
  sizePlaces: number;
}

/** Levels as scaled integers, in the order of the text. The arrays are reused and grow; `count` says how much of them is meant. */
export interface LevelBuffer {
  count: number;
  prices: Float64Array;
  sizes: Float64Array;
}

export function createLevelBuffer(): LevelBuffer {
  return { count: 0, prices: new Float64Array(64), sizes: new Float64Array(64) };
}

/** Decimals a number may have: more than any market uses, and 10^15 is still below 2^53. */
export const placesMax = 15;

const powersOfTen = Float64Array.from({ length: placesMax + 1 }, (_, exponent) => 10 ** exponent);

export const noScales: Readonly<Scales> = { priceScale: 0, sizeScale: 0, pricePlaces: 0, sizePlaces: 0 };

/** 10^`exponent`, exactly. `exponent` is 0 … `placesMax`. */
export function powerOfTen(exponent: number): number {
  return powersOfTen[exponent] as number;
}

const [quote, comma, dot, zero, nine, open, close] = [34, 44, 46, 48, 57, 91, 93];

/**
 * Reads `[["price","size"],…]`, exactly as an exchange writes it (no spaces), at the scales as they are. `finer`: some number
 * has more decimals than that; `needed` is raised to what holds them, and the buffer is of no use. `other`: another text.
 * @throws BookError if a number is beyond 2^53 at that scale
 */
export function scanLevels(
  text: string,
  scales: Readonly<Scales>,
  into: LevelBuffer,
  needed: Scales,
): 'done' | 'finer' | 'other' {
  into.count = 0;
  const end = text.length - 1;
  if (end < 1 || text.charCodeAt(0) !== open || text.charCodeAt(end) !== close) return 'other';
  if (end === 1) return 'done';
  scan.text = text;
  scan.at = 1;
  let isFiner = false;
  for (;;) {
    if (text.charCodeAt(scan.at) !== open || text.charCodeAt(scan.at + 1) !== quote) return 'other';
    scan.at += 2;
    const price = scanNumber(scales.priceScale);
    if (price < 0) return 'other';
    if (scan.scale > scales.priceScale || scan.places > scales.pricePlaces) {
      isFiner = true;
      needed.priceScale = Math.max(needed.priceScale, scan.scale);
      needed.pricePlaces = Math.max(needed.pricePlaces, scan.places);
    }
    if (text.charCodeAt(scan.at) !== comma || text.charCodeAt(scan.at + 1) !== quote) return 'other';
    scan.at += 2;
    const size = scanNumber(scales.sizeScale);
    if (size < 0) return 'other';
    if (scan.scale > scales.sizeScale || scan.places > scales.sizePlaces) {
      isFiner = true;
      needed.sizeScale = Math.max(needed.sizeScale, scan.scale);
      needed.sizePlaces = Math.max(needed.sizePlaces, scan.places);
    }
    if (text.charCodeAt(scan.at) !== close) return 'other';
    push(into, price, size);
    const after = text.charCodeAt(++scan.at);
    if (after === close) break;
    if (after !== comma) return 'other';
    scan.at++;
  }
  if (scan.at !== end) return 'other';
  return isFiner ? 'finer' : 'done';
}

/** `scale`: at least how many decimals of the last number matter, if more than were asked for · `places`: how many it has. */
const scan = { text: '', at: 0, places: 0, scale: 0 };
const notANumber = -1;

/** From after a quote to after the next one. Decimals beyond the scale are left out of the value. */
function scanNumber(scale: number): number {
  const { text } = scan;
  let at = scan.at;
  let value = 0;
  const from = at;
  let code = text.charCodeAt(at);
  while (code >= zero && code <= nine) {
    value = value * 10 + (code - zero);
    code = text.charCodeAt(++at);
  }
  if (at === from) return notANumber;
  scan.places = 0;
  scan.scale = 0;
  if (code === dot) {
    const fractionFrom = at + 1;
    const exactTo = fractionFrom + scale;
    code = text.charCodeAt(++at);
    while (at < exactTo && code >= zero && code <= nine) {
      value = value * 10 + (code - zero);
      code = text.charCodeAt(++at);
    }
    value *= powersOfTen[exactTo - at] as number;
    while (code >= zero && code <= nine) {
      if (code !== zero) scan.scale = at + 1 - fractionFrom;
      code = text.charCodeAt(++at);
    }
    scan.places = at - fractionFrom;
    if (scan.places === 0) return notANumber;
  } else {
    value *= powersOfTen[scale] as number;
  }
  if (code !== quote) return notANumber;
  if (value > Number.MAX_SAFE_INTEGER)
    throw new BookError(`a number is beyond 2^53 at ${scale} decimals: ${text.slice(from, at)}`);
  scan.at = at + 1;
  return value;
}

function push(into: LevelBuffer, price: number, size: number): void {
  if (into.count === into.prices.length) {
    into.prices = grown(into.prices);
    into.sizes = grown(into.sizes);
  }
  into.prices[into.count] = price;
  into.sizes[into.count++] = size;
}

/** Twice as long, with the same beginning. */
export function grown(array: Float64Array): Float64Array {
  const longer = new Float64Array(array.length * 2);
  longer.set(array);
  return longer;
}

const levelNumber = /^[0-9]+(?:\.[0-9]+)?$/;

/**
 * Any JSON that means a level list (spaces, further elements in a level), as `scanLevels` reads it.
 * @throws BookError if it means none
 */
export function canonicalLevels(text: string): string {
  const levels = canonicalLevelsOf(parseJson(text));
  if (levels === undefined) throw new BookError(`no list of levels: ${text.slice(0, 80)}`);
  return levels;
}

/** As `canonicalLevels`, of what JSON.parse gave; undefined if it is no list of levels. */
export function canonicalLevelsOf(json: unknown): string | undefined {
  if (!Array.isArray(json)) return undefined;
  const levels: [string, string][] = [];
  for (const level of json as unknown[]) {
    if (!Array.isArray(level)) return undefined;
    const [price, size] = level as unknown[];
    if (typeof price !== 'string' || typeof size !== 'string') return undefined;
    if (!levelNumber.test(price) || !levelNumber.test(size)) return undefined;
    levels.push([price, size]);
  }
  return JSON.stringify(levels);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
