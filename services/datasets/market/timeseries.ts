import type { Timeseries } from '../../stores/timeseries.ts';
import { type Bar, type BarTrades, depthBps, imbalanceBps, versionOf } from './bar.ts';
import { foldedColumns, selectFolded } from './bar-fold.ts';
import { parseDecimal } from './decimal.ts';

/** Minutes of symbols: of each, the starts in Unix seconds. */
export type Minutes = ReadonlyMap<string, ReadonlySet<number>>;

/**
 * Writes bars, and makes the minutes anew that they are in: once it resolves, each minute says what its seconds say. Resolves to
 * how many minutes these are. Hours and days follow (`rollUpBars`).
 * Throws what `Timeseries.insert` throws; some of it may be stored then: write the same again.
 */
export async function writeBars(timeseries: Timeseries, bars: readonly Bar[], token: string): Promise<number> {
  await writeSeconds(timeseries, bars, token);
  return makeMinutes(timeseries, minutesOf(bars));
}

/**
 * Writes bars of seconds alone. They may come in any order and any number of times; of one second the highest version stands
 * (`versionOf`). With the same `token` the same bars are stored once, which spares the store the work of finding that out.
 * Throws what `Timeseries.insert` throws; they may be stored then: write the same again.
 */
export async function writeSeconds(timeseries: Timeseries, bars: readonly Bar[], token: string): Promise<void> {
  if (bars.length > 0) await timeseries.insert('market_bars_1s', bars.map(rowOf), { token, columns: rowColumns });
}

/** The minutes that seconds are in. */
export function minutesOf(bars: readonly Bar[]): Minutes {
  const minutes = new Map<string, Set<number>>();
  for (const { symbol, timeMs } of bars) {
    const own = minutes.get(symbol) ?? new Set();
    minutes.set(symbol, own.add(Math.floor(timeMs / 60_000) * 60));
  }
  return minutes;
}

/** A statement makes so many at most: its parameters stand in an address, and its result in memory. */
const symbolsAtOnce = 250;
const minutesAtOnce = 60;

/** Makes these minutes anew from the seconds that are stored, and resolves to how many these are. Idempotent. */
export async function makeMinutes(timeseries: Timeseries, minutes: Minutes): Promise<number> {
  for (const symbols of chunksOf([...minutes.keys()], symbolsAtOnce)) {
    // Mostly the same ones, as time goes on for all of them.
    const wanted = new Set(symbols.flatMap((symbol) => [...(minutes.get(symbol) ?? [])]));
    for (const starts of chunksOf([...wanted].sort(ascending), minutesAtOnce)) {
      const [from, to] = [Math.min(...starts), Math.max(...starts) + 60];
      await timeseries.command(makeMinutesSql, { symbols, from, to, minutes: starts });
    }
  }
  return [...minutes.values()].reduce((sum, { size }) => sum + size, 0);
}

const makeMinutesSql = `INSERT INTO market_bars_1m (symbol, time, ${foldedColumns.join(', ')})
  ${selectFolded(
    'market_bars_1s',
    'toStartOfMinute(b.time)',
    `b.symbol IN {symbols:Array(String)} AND b.time >= toDateTime({from:UInt32}, 'UTC') AND b.time < toDateTime({to:UInt32}, 'UTC')
      AND toStartOfMinute(b.time) IN {minutes:Array(DateTime('UTC'))}`,
  )} SETTINGS max_threads = 1`;

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

function ascending(a: number, b: number): number {
  return a - b;
}

const depthColumns = ['bid_depth', 'ask_depth', 'bid_depth_quote', 'ask_depth_quote'].flatMap((name) =>
  depthBps.map((bps) => `${name}_${bps}`),
);
/** Of what `rowOf` gives. */
const rowColumns: readonly string[] = [
  ...['symbol', 'time', 'trades', 'first_trade_id', 'last_trade_id', 'open', 'high', 'low', 'close'],
  ...['volume', 'quote_volume', 'taker_buy_volume', 'taker_buy_quote_volume'],
  ...['seconds', 'trades_whole_seconds', 'book_seconds', 'book_whole_seconds'],
  ...['spread_bps_sum', 'spread_bps_max', 'spread_seconds', 'imbalance_sum', 'imbalance_seconds', 'version'],
  ...['book_time', 'bid', 'bid_size', 'ask', 'ask_size', ...depthColumns],
];
const noBook = Array.from({ length: 5 + depthColumns.length }, () => null);
const imbalanceAt = depthBps.indexOf(imbalanceBps);

function rowOf(bar: Bar): readonly unknown[] {
  const { symbol, timeMs, traded, book } = bar;
  const time = timeMs / 1000;
  const spread = book === null ? null : spreadBpsOf(book.bid, book.ask);
  const within = book?.depths[imbalanceAt];
  const imbalance = imbalanceOf(within?.bid ?? null, within?.ask ?? null);
  const row: unknown[] = [
    symbol,
    time,
    ...(traded === null ? nothingTraded : tradedOf(traded)),
    1,
    bar.isTradesWhole ? 1 : 0,
    book === null ? 0 : 1,
    bar.isBookWhole ? 1 : 0,
    spread ?? 0,
    spread,
    spread === null ? 0 : 1,
    imbalance ?? 0,
    imbalance === null ? 0 : 1,
    versionOf(bar),
  ];
  if (book === null) row.push(...noBook);
  else {
    row.push(time, book.bid, book.bidSize, book.ask, book.askSize);
    for (const { bid } of book.depths) row.push(bid);
    for (const { ask } of book.depths) row.push(ask);
    for (const { bidQuote } of book.depths) row.push(bidQuote);
    for (const { askQuote } of book.depths) row.push(askQuote);
  }
  return row;
}

const nothingTraded = [0, 0, 0, null, null, null, null, '0', '0', '0', '0'];

function tradedOf(traded: BarTrades): unknown[] {
  const { count, firstId, lastId, open, high, low, close } = traded;
  const { volume, quoteVolume, takerBuyVolume, takerBuyQuoteVolume } = traded;
  return [count, firstId, lastId, open, high, low, close, volume, quoteVolume, takerBuyVolume, takerBuyQuoteVolume];
}

/** (ask - bid) / middle, in basis points; null when one of them is unknown. */
export function spreadBpsOf(bid: string | null, ask: string | null): number | null {
  if (bid === null || ask === null) return null;
  const { sum, difference } = combine(ask, bid);
  return sum === 0 ? null : (2 * difference * 10_000) / sum;
}

/** (bid - ask) / (bid + ask), from -1 to 1; null when one of them is unknown, or both are nothing. */
export function imbalanceOf(bid: string | null, ask: string | null): number | null {
  if (bid === null || ask === null) return null;
  const { sum, difference } = combine(bid, ask);
  return sum === 0 ? null : difference / sum;
}

/** a + b and a - b in the same unit, each rounded once, after it was computed exactly. */
function combine(a: string, b: string): { sum: number; difference: number } {
  const scale = Math.max(decimalsOf(a), decimalsOf(b));
  if (Math.max(a.length - decimalsOf(a), b.length - decimalsOf(b)) + scale <= safeDigits) {
    const [left, right] = [smallUnitsOf(a, scale), smallUnitsOf(b, scale)];
    return { sum: left + right, difference: left - right };
  }
  const [left, right] = [unitsOf(a, scale), unitsOf(b, scale)];
  return { sum: Number(left + right), difference: Number(left - right) };
}

/** The sum of two numbers of so many digits is exact in a float. */
const safeDigits = 15;

function decimalsOf(text: string): number {
  const point = text.indexOf('.');
  return point < 0 ? 0 : text.length - point - 1;
}

/** In units of 10^-`scale`; a tenth of the time that bigints take. */
function smallUnitsOf(text: string, scale: number): number {
  const decimals = decimalsOf(text);
  const digits = decimals === 0 ? text : text.slice(0, -decimals - 1) + text.slice(-decimals);
  return Number(digits) * 10 ** (scale - decimals);
}

function unitsOf(text: string, scale: number): bigint {
  const { units, scale: own } = parseDecimal(text);
  return units * 10n ** BigInt(scale - own);
}
