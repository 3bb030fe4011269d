import { decimalLengthMax } from '../../datasets/market/decimal.ts';
import type { MarketMessage } from './messages.ts';

/**
 * Reads the shape in which Binance writes its messages today: no spaces, no escapes, whole numbers, levels of two decimals, each
 * field once; fields in any order, unknown ones skipped. Undefined for anything else, well-formed or not: JSON.parse is to tell.
 * Several times as fast as that, for levels stay text.
 */
export function scanMessage(message: string): MarketMessage | undefined {
  text = message;
  const isCombined = message.startsWith(combinedStart);
  at = isCombined ? skipStreamName() : 0;
  if (at < 0 || !scanFields()) return undefined;
  if (isCombined && message.charCodeAt(at++) !== closeBrace) return undefined;
  return at === message.length ? messageOf() : undefined;
}

const combinedStart = '{"stream":"';
const dataStart = '","data":';
const [quote, comma, dot, zero, nine, colon, openBracket, backslash, closeBracket] = [
  34, 44, 46, 48, 57, 58, 91, 92, 93,
];
const [openBrace, closeBrace] = [123, 125];
/** Beyond it a number may not be exact; JSON.parse is to say so. */
const digitsMax = 15;

let text = '';
let at = 0;

const [isNumber, isText, isLevels, isTrue, isFalse] = [1, 2, 3, 4, 5];

/** Of each field with a name of one letter, by its code: what it is, and its number, or where its text begins and ends. */
const kinds = new Uint8Array(128);
const numbers = new Float64Array(128);
const starts = new Uint32Array(128);
const ends = new Uint32Array(128);
/** `pu` is the only longer name that matters; its place is that of a code that no name has. */
const previousId = 1;
const ignored = 0;

const [U, u, E, T, A, B, a, b, e, m, p, q, s, t] = Array.from('UuETABabempqst', (name) => name.charCodeAt(0)) as Codes;
type Codes = [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

function skipStreamName(): number {
  const end = text.indexOf('"', combinedStart.length);
  if (end < 0 || !text.startsWith(dataStart, end) || !isPlain(combinedStart.length, end)) return -1;
  return end + dataStart.length;
}

function isPlain(from: number, to: number): boolean {
  for (let of = from; of < to; of++) {
    const code = text.charCodeAt(of);
    if (code === backslash || code < 32) return false;
  }
  return true;
}

function scanFields(): boolean {
  kinds.fill(0);
  if (text.charCodeAt(at++) !== openBrace) return false;
  for (;;) {
    if (text.charCodeAt(at++) !== quote) return false;
    const name = scanName();
    if (name < 0 || text.charCodeAt(at++) !== colon || !scanValue(name)) return false;
    const code = text.charCodeAt(at++);
    if (code === closeBrace) return true;
    if (code !== comma) return false;
  }
}

/** From after the quote to after the next one. */
function scanName(): number {
  const first = text.charCodeAt(at);
  if (text.charCodeAt(at + 1) === quote) {
    at += 2;
    // A field that is there twice is left to JSON.parse.
    return first > 31 && first < 128 && first !== backslash && first !== quote && kinds[first] === 0 ? first : -1;
  }
  if (text.startsWith('pu"', at)) {
    at += 3;
    return kinds[previousId] === 0 ? previousId : -1;
  }
  const end = text.indexOf('"', at);
  // "stream" and "data" would be a combined message in another order.
  if (end < 0 || end - at !== 2 || !isPlain(at, end)) return -1;
  at = end + 1;
  return ignored;
}

function scanValue(name: number): boolean {
  const code = text.charCodeAt(at);
  if (code === quote) return scanText(name);
  if (code === openBracket) return scanLevelList(name);
  if (code >= zero && code <= nine) return scanNumber(name);
  if (text.startsWith('true', at)) return scanWord(name, isTrue, 4);
  return text.startsWith('false', at) && scanWord(name, isFalse, 5);
}

function scanWord(name: number, kind: number, length: number): boolean {
  kinds[name] = kind;
  at += length;
  return true;
}

function scanText(name: number): boolean {
  const start = ++at;
  for (;;) {
    const code = text.charCodeAt(at++);
    if (code === quote) break;
    // NaN, beyond the end, is neither.
    if (!(code > 31) || code === backslash) return false;
  }
  kinds[name] = isText;
  starts[name] = start;
  ends[name] = at - 1;
  return true;
}

function scanNumber(name: number): boolean {
  const start = at;
  let value = 0;
  let code = text.charCodeAt(at);
  while (code >= zero && code <= nine) {
    value = value * 10 + (code - zero);
    code = text.charCodeAt(++at);
  }
  if (at - start > digitsMax || (text.charCodeAt(start) === zero && at - start > 1)) return false;
  kinds[name] = isNumber;
  numbers[name] = value;
  return true;
}

function scanLevelList(name: number): boolean {
  const start = at++;
  let code = text.charCodeAt(at);
  if (code !== closeBracket) {
    for (;;) {
      if (code !== openBracket || text.charCodeAt(at + 1) !== quote) return false;
      at += 2;
      if (!skipDecimal()) return false;
      if (text.charCodeAt(at) !== comma || text.charCodeAt(at + 1) !== quote) return false;
      at += 2;
      if (!skipDecimal() || text.charCodeAt(at) !== closeBracket) return false;
      code = text.charCodeAt(++at);
      if (code === closeBracket) break;
      if (code !== comma) return false;
      code = text.charCodeAt(++at);
    }
  }
  kinds[name] = isLevels;
  starts[name] = start;
  ends[name] = ++at;
  return true;
}

/** From after a quote to after the next one. */
function skipDecimal(): boolean {
  const start = at;
  let code = text.charCodeAt(at);
  while (code >= zero && code <= nine) code = text.charCodeAt(++at);
  if (at === start) return false;
  if (code === dot) {
    const fraction = ++at;
    code = text.charCodeAt(at);
    while (code >= zero && code <= nine) code = text.charCodeAt(++at);
    if (at === fraction) return false;
  }
  at++;
  return code === quote;
}

function messageOf(): MarketMessage | undefined {
  if (kinds[s] !== isText || starts[s] === ends[s]) return undefined;
  if (kinds[e] === isText) {
    if (isEvent('depthUpdate')) return depthOf();
    if (isEvent('bookTicker')) return tickerOf();
    if (isEvent('aggTrade')) return tradeOf(a);
    return isEvent('trade') ? tradeOf(t) : undefined;
  }
  return kinds[e] === 0 ? tickerOf() : undefined;
}

function isEvent(event: string): boolean {
  return ends[e] === (starts[e] as number) + event.length && text.startsWith(event, starts[e]);
}

function depthOf(): MarketMessage | undefined {
  if (kinds[U] !== isNumber || kinds[u] !== isNumber || kinds[E] !== isNumber) return undefined;
  if (kinds[b] !== isLevels || kinds[a] !== isLevels) return undefined;
  if (kinds[previousId] !== 0 && kinds[previousId] !== isNumber) return undefined;
  const firstUpdateId = numbers[U] as number;
  const lastUpdateId = numbers[u] as number;
  if (firstUpdateId > lastUpdateId) return undefined;
  return {
    kind: 'depth',
    symbol: textOf(s),
    firstUpdateId,
    lastUpdateId,
    previousUpdateId: kinds[previousId] === isNumber ? numbers[previousId] : undefined,
    eventTimeMs: numbers[E] as number,
    bids: textOf(b),
    asks: textOf(a),
  };
}

function tickerOf(): MarketMessage | undefined {
  if (kinds[u] !== isNumber || (kinds[E] !== 0 && kinds[E] !== isNumber)) return undefined;
  if (!isDecimal(b) || !isDecimal(B) || !isDecimal(a) || !isDecimal(A)) return undefined;
  return {
    kind: 'ticker',
    symbol: textOf(s),
    updateId: numbers[u] as number,
    eventTimeMs: kinds[E] === isNumber ? numbers[E] : undefined,
    bid: textOf(b),
    bidSize: textOf(B),
    ask: textOf(a),
    askSize: textOf(A),
  };
}

function tradeOf(id: number): MarketMessage | undefined {
  if (kinds[id] !== isNumber || kinds[E] !== isNumber || kinds[T] !== isNumber) return undefined;
  if (!isDecimal(p) || !isDecimal(q) || (kinds[m] !== isTrue && kinds[m] !== isFalse)) return undefined;
  return {
    kind: 'trade',
    symbol: textOf(s),
    tradeId: numbers[id] as number,
    eventTimeMs: numbers[E] as number,
    tradeTimeMs: numbers[T] as number,
    price: textOf(p),
    size: textOf(q),
    buyerIsMaker: kinds[m] === isTrue,
  };
}

function isDecimal(name: number): boolean {
  if (kinds[name] !== isText || (ends[name] as number) - (starts[name] as number) > decimalLengthMax) return false;
  at = starts[name] as number;
  const isOne = skipDecimal() && at === (ends[name] as number) + 1;
  at = text.length;
  return isOne;
}

function textOf(name: number): string {
  return text.substring(starts[name] as number, ends[name]);
}
