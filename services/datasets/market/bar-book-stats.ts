import type { Timeseries } from '../../stores/timeseries.ts';
import { depthBps, imbalanceBps } from './bar.ts';
import { bookColumns } from './bar-fold.ts';
import { type BarRange, intervalSeconds, queryBars } from './bar-read.ts';
import { candlesMax } from './candles.ts';
import { formatDecimal, parseDecimal } from './decimal.ts';
import { imbalanceOf, spreadBpsOf } from './timeseries.ts';

/** What stands within `bps` basis points of the middle, exact; null when that reaches beyond what is known of the book. */
export interface Depth {
  readonly bps: number;
  readonly bid: string | null;
  readonly ask: string | null;
  readonly bidQuote: string | null;
  readonly askQuote: string | null;
}

/** The book of a symbol in an interval: as it was last, and its means over the seconds in which it was known. */
export interface BookStats {
  /** The start of the interval; Unix milliseconds. */
  readonly timeMs: number;
  /** The end of the last second with a live book, of which the values below are; Unix milliseconds. */
  readonly bookTimeMs: number;
  readonly bid: string | null;
  readonly bidSize: string | null;
  readonly ask: string | null;
  readonly askSize: string | null;
  readonly mid: string | null;
  readonly spread: string | null;
  readonly spreadBps: number | null;
  readonly spreadBpsMean: number | null;
  readonly spreadBpsMax: number | null;
  /** (bid - ask) / (bid + ask) of what stands within `imbalanceBps`, from -1 to 1. */
  readonly imbalance: number | null;
  readonly imbalanceMean: number | null;
  readonly depths: readonly Depth[];
  /** Seconds with a live book at their end. */
  readonly bookSeconds: number;
  /** The book was live for all of the interval, and that is over. */
  readonly isComplete: boolean;
}

/** Spread, depth and imbalance of a symbol. Intervals without any second with a live book are left out. */
export async function readBookStats(timeseries: Timeseries, range: BarRange): Promise<BookStats[]> {
  const bounded = { ...range, limit: Math.min(range.limit, candlesMax) };
  const rows = await queryBars<BookStatsRow>(timeseries, bounded, [...statsColumns, ...bookColumns], {
    shortOnly: { where: 'b.book_seconds > 0' },
  });
  return rows.map((row) => statsOf(row, intervalSeconds[range.interval]));
}

const statsColumns = [
  'toUnixTimestamp(assumeNotNull(book_time)) AS book_at',
  'book_seconds',
  'book_whole_seconds',
  'spread_bps_sum',
  'spread_bps_max',
  'spread_seconds',
  'imbalance_sum',
  'imbalance_seconds',
];

interface BookStatsRow extends Readonly<Record<string, string | number | null>> {
  readonly at: number;
  readonly book_at: number;
  readonly book_seconds: string;
  readonly book_whole_seconds: string;
  readonly spread_bps_sum: number;
  readonly spread_bps_max: number | null;
  readonly spread_seconds: string;
  readonly imbalance_sum: number;
  readonly imbalance_seconds: string;
  readonly bid: string | null;
  readonly bid_size: string | null;
  readonly ask: string | null;
  readonly ask_size: string | null;
}

function statsOf(row: BookStatsRow, seconds: number): BookStats {
  const { bid, ask } = row;
  const text = (column: string): string | null => (row[column] as string | null | undefined) ?? null;
  const depths = depthBps.map((bps) => ({
    bps,
    bid: text(`bid_depth_${bps}`),
    ask: text(`ask_depth_${bps}`),
    bidQuote: text(`bid_depth_quote_${bps}`),
    askQuote: text(`ask_depth_quote_${bps}`),
  }));
  return {
    timeMs: row.at * 1000,
    bookTimeMs: (row.book_at + 1) * 1000,
    bid,
    bidSize: row.bid_size,
    ask,
    askSize: row.ask_size,
    ...middleOf(bid, ask),
    spreadBps: spreadBpsOf(bid, ask),
    spreadBpsMean: meanOf(row.spread_bps_sum, row.spread_seconds),
    spreadBpsMax: row.spread_bps_max,
    imbalance: imbalanceOf(text(`bid_depth_${imbalanceBps}`), text(`ask_depth_${imbalanceBps}`)),
    imbalanceMean: meanOf(row.imbalance_sum, row.imbalance_seconds),
    depths,
    bookSeconds: Number(row.book_seconds),
    isComplete: Number(row.book_whole_seconds) === seconds,
  };
}

function middleOf(bid: string | null, ask: string | null): { mid: string | null; spread: string | null } {
  if (bid === null || ask === null) return { mid: null, spread: null };
  const [low, high] = [parseDecimal(bid), parseDecimal(ask)];
  const scale = Math.max(low.scale, high.scale) + 1;
  const lowUnits = low.units * 10n ** BigInt(scale - low.scale);
  const highUnits = high.units * 10n ** BigInt(scale - high.scale);
  return { mid: text((lowUnits + highUnits) / 2n, scale), spread: text(highUnits - lowUnits, scale) };
}

function text(units: bigint, scale: number): string {
  return formatDecimal(units, scale).replace(/\.?0+$/, '');
}

function meanOf(sum: number, countText: string): number | null {
  return countText === '0' ? null : sum / Number(countText);
}
