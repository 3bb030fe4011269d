import type { Timeseries } from '../../stores/timeseries.ts';
import { type Bar, type BarBook, depthBps, imbalanceBps, versionOf } from './bar.ts';
import { foldedColumns, selectFolded } from './bar-fold.ts';
import { parseDecimal } from './decimal.ts';

/**
 * Writes bars, and makes the minutes anew that they are in: once it resolves, each minute says what its seconds say. Resolves to
 * how many minutes these are. Hours and days follow (`rollUpBars`).
 * Bars may come in any order and any number of times; of one second the highest version stands (`versionOf`). With the same
 * `token` the same bars are stored once, which spares the store the work of finding that out.
 * Throws what `Timeseries.insert` throws; some of it may be stored then: write the same again.
 */
export async function writeBars(timeseries: Timeseries, bars: readonly Bar[], token: string): Promise<number> {
  if (bars.length === 0) return 0;
  await timeseries.insert('market_bars_1s', bars.map(rowOf), { token });
  const minutes = new Set(bars.map(({ timeMs }) => Math.floor(timeMs / 60_000) * 60));
  await rollUpMinutes(timeseries, [...new Set(bars.map(({ symbol }) => symbol))], [...minutes]);
  return new Set(bars.map(({ symbol, timeMs }) => `${symbol} ${Math.floor(timeMs / 60_000)}`)).size;
}

/** Makes these minutes (Unix seconds of their starts) of these symbols anew from their seconds. Idempotent. */
async function rollUpMinutes(
  timeseries: Timeseries,
  symbols: readonly string[],
  minutes: readonly number[],
): Promise<void> {
  const [from, to] = [Math.min(...minutes), Math.max(...minutes) + 60];
  await timeseries.command(
    rollUp(`b.symbol IN {symbols:Array(String)} AND b.time >= toDateTime({from:UInt32}, 'UTC') AND b.time < toDateTime({to:UInt32}, 'UTC')
      AND toStartOfMinute(b.time) IN {minutes:Array(DateTime('UTC'))}`),
    { symbols, from, to, minutes },
  );
}

function rollUp(where: string): string {
  return `INSERT INTO market_bars_1m (symbol, time, ${foldedColumns.join(', ')})
    ${selectFolded('market_bars_1s', 'toStartOfMinute(b.time)', where)} SETTINGS max_threads = 1`;
}

function rowOf(bar: Bar): object {
  const { symbol, timeMs, traded, book } = bar;
  const time = timeMs / 1000;
  return {
    symbol,
    time,
    trades: traded?.count ?? 0,
    first_trade_id: traded?.firstId ?? 0,
    last_trade_id: traded?.lastId ?? 0,
    open: traded?.open ?? null,
    high: traded?.high ?? null,
    low: traded?.low ?? null,
    close: traded?.close ?? null,
    volume: traded?.volume ?? '0',
    quote_volume: traded?.quoteVolume ?? '0',
    taker_buy_volume: traded?.takerBuyVolume ?? '0',
    taker_buy_quote_volume: traded?.takerBuyQuoteVolume ?? '0',
    seconds: 1,
    trades_whole_seconds: bar.isTradesWhole ? 1 : 0,
    book_seconds: book === null ? 0 : 1,
    book_whole_seconds: bar.isBookWhole ? 1 : 0,
    ...(book === null ? {} : bookRowOf(book, time)),
    version: versionOf(bar),
  };
}

function bookRowOf(book: BarBook, time: number): object {
  const row: Record<string, unknown> = {
    book_time: time,
    bid: book.bid,
    bid_size: book.bidSize,
    ask: book.ask,
    ask_size: book.askSize,
  };
  for (const [at, bps] of depthBps.entries()) {
    const depth = book.depths[at];
    row[`bid_depth_${bps}`] = depth?.bid ?? null;
    row[`ask_depth_${bps}`] = depth?.ask ?? null;
    row[`bid_depth_quote_${bps}`] = depth?.bidQuote ?? null;
    row[`ask_depth_quote_${bps}`] = depth?.askQuote ?? null;
  }
  const spreadBps = spreadBpsOf(book.bid, book.ask);
  if (spreadBps !== null)
    Object.assign(row, { spread_bps_sum: spreadBps, spread_bps_max: spreadBps, spread_seconds: 1 });
  const within = book.depths[depthBps.indexOf(imbalanceBps)];
  const imbalance = imbalanceOf(within?.bid ?? null, within?.ask ?? null);
  if (imbalance !== null) Object.assign(row, { imbalance_sum: imbalance, imbalance_seconds: 1 });
  return row;
}

/** (ask - bid) / middle, in basis points; null when one of them is unknown. */
export function spreadBpsOf(bid: string | null, ask: string | null): number | null {
  if (bid === null || ask === null) return null;
  const [low, high] = sameScale(bid, ask);
  return low + high === 0n ? null : (Number(2n * (high - low)) * 10_000) / Number(low + high);
}

/** (bid - ask) / (bid + ask), from -1 to 1; null when one of them is unknown, or both are nothing. */
export function imbalanceOf(bid: string | null, ask: string | null): number | null {
  if (bid === null || ask === null) return null;
  const [bids, asks] = sameScale(bid, ask);
  return bids + asks === 0n ? null : Number(bids - asks) / Number(bids + asks);
}

function sameScale(a: string, b: string): [bigint, bigint] {
  const [left, right] = [parseDecimal(a), parseDecimal(b)];
  const scale = Math.max(left.scale, right.scale);
  const units = (value: typeof left) => value.units * 10n ** BigInt(scale - value.scale);
  return [units(left), units(right)];
}
