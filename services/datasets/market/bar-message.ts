import { type Bar, type BarBook, type BarDepth, type BarTrades, depthBps } from './bar.ts';

/** The topic on which collectors publish bars, keyed by symbol, in the order in which they told them. */
export const barsTopic = 'market.bars';

/** How a bar goes over the bus: as it is. */
export function messageOf(bar: Bar): { readonly key: string; readonly value: Bar } {
  return { key: bar.symbol, value: bar };
}

/**
 * The bar that a message of the topic holds. What a newer collector adds is left out.
 * Throws an Error that names what is wrong; nothing that the store would refuse, round or cut passes.
 */
export function parseBar(value: unknown): Bar {
  const bar = objectAt(value, 'a bar');
  const timeMs = integerAt(bar, 'timeMs', 0, timeMsMax);
  if (timeMs % 1000 !== 0) throw new Error(`timeMs: ${timeMs} is not the start of a second`);
  return {
    symbol: symbolAt(bar),
    timeMs,
    traded: bar.traded === null ? null : tradesAt(bar.traded),
    isTradesWhole: flagAt(bar, 'isTradesWhole'),
    book: bar.book === null ? null : bookAt(bar.book),
    isBookWhole: flagAt(bar, 'isBookWhole'),
    revision: integerAt(bar, 'revision', 1, Number.MAX_SAFE_INTEGER),
  };
}

/** The last second of the store's DateTime. */
const timeMsMax = (2 ** 32 - 1) * 1000;
const symbolLengthMax = 100;

function tradesAt(value: unknown): BarTrades {
  const traded = objectAt(value, 'traded');
  const firstId = integerAt(traded, 'firstId', 0, Number.MAX_SAFE_INTEGER);
  return {
    // A version is made of it, which must stay exact.
    count: integerAt(traded, 'count', 1, 2 ** 32 - 1),
    firstId,
    lastId: integerAt(traded, 'lastId', firstId, Number.MAX_SAFE_INTEGER),
    open: decimalAt(traded, 'open'),
    high: decimalAt(traded, 'high'),
    low: decimalAt(traded, 'low'),
    close: decimalAt(traded, 'close'),
    volume: decimalAt(traded, 'volume'),
    quoteVolume: decimalAt(traded, 'quoteVolume'),
    takerBuyVolume: decimalAt(traded, 'takerBuyVolume'),
    takerBuyQuoteVolume: decimalAt(traded, 'takerBuyQuoteVolume'),
  };
}

function bookAt(value: unknown): BarBook {
  const book = objectAt(value, 'book');
  const { depths } = book;
  if (!Array.isArray(depths) || depths.length !== depthBps.length)
    throw new Error(`depths: is not a list of ${depthBps.length}, one for each of ${depthBps.join(', ')} basis points`);
  return {
    bid: knownAt(book, 'bid'),
    bidSize: knownAt(book, 'bidSize'),
    ask: knownAt(book, 'ask'),
    askSize: knownAt(book, 'askSize'),
    depths: depths.map(depthAt),
  };
}

function depthAt(value: unknown): BarDepth {
  const depth = objectAt(value, 'a depth');
  return {
    bid: knownAt(depth, 'bid'),
    ask: knownAt(depth, 'ask'),
    bidQuote: knownAt(depth, 'bidQuote'),
    askQuote: knownAt(depth, 'askQuote'),
  };
}

type Fields = Readonly<Record<string, unknown>>;

function objectAt(value: unknown, name: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Error(`${name}: is not an object`);
}

function symbolAt({ symbol }: Fields): string {
  if (typeof symbol === 'string' && symbol.length > 0 && symbol.length <= symbolLengthMax) return symbol;
  throw new Error(`symbol: is not a text of 1 to ${symbolLengthMax} characters`);
}

function integerAt(fields: Fields, name: string, min: number, max: number): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new Error(`${name}: ${JSON.stringify(value)} is not a whole number from ${min} to ${max}`);
}

function flagAt(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value === 'boolean') return value;
  throw new Error(`${name}: is not true or false`);
}

function knownAt(fields: Fields, name: string): string | null {
  return fields[name] === null ? null : decimalAt(fields, name);
}

/** What Decimal(38, 18) keeps exactly. */
function decimalAt(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value === 'string' && /^\d{1,20}(\.\d{1,18})?$/.test(value)) return value;
  throw new Error(
    `${name}: ${JSON.stringify(value)} is not a decimal of up to 20 digits before and 18 after the point`,
  );
}
