import { selectFolded } from '../../datasets/market/bar-fold.ts';
import { type Interval, intervalSeconds, readLimits, tableOf } from '../../datasets/market/bar-read.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import type { ReadCandles } from './candle-feed.ts';

/**
 * Reads the last two candles of each of many symbols in one query: the one that is being made, and the one before it, to which
 * something may still be added.
 */
export function createCandleReader(timeseries: Timeseries, clock: () => number): ReadCandles {
  return async (symbols, interval) => {
    const seconds = intervalSeconds[interval];
    const now = Math.floor(clock() / 1000);
    const from = Math.floor(now / seconds) * seconds - Math.max(seconds, settleSeconds);
    const start = `toDateTime(intDiv(toUnixTimestamp(b.time), ${seconds}) * ${seconds}, 'UTC')`;
    const where = "b.symbol IN {symbols:Array(String)} AND b.time >= {from:DateTime('UTC')}";
    const rows = await timeseries.query<CandleRow>(
      `SELECT symbol, toUnixTimestamp(time) AS at, open, high, low, close, volume, quote_volume, trades
         FROM (${selectFolded(tableOf(interval), start, where)}) ORDER BY symbol, at DESC LIMIT 2 BY symbol ${readLimits}`,
      { symbols: [...symbols], from: Math.max(0, from) },
    );
    return rows.reverse().map((row) => ({ symbol: row.symbol, timeMs: row.at * 1000, text: textOf(row, interval) }));
  };
}

/** Seconds are stored some time after they are over. */
const settleSeconds = 60;

interface CandleRow {
  readonly symbol: string;
  readonly at: number;
  readonly open: string | null;
  readonly high: string | null;
  readonly low: string | null;
  readonly close: string | null;
  readonly volume: string;
  readonly quote_volume: string;
  readonly trades: string;
}

function textOf(row: CandleRow, interval: Interval): string {
  const { at, open, high, low, close, volume, quote_volume: quoteVolume, trades } = row;
  const until = (at + intervalSeconds[interval]) * 1000;
  return JSON.stringify({
    time: at * 1000,
    until,
    open,
    high,
    low,
    close,
    volume,
    quoteVolume,
    trades: Number(trades),
  }).slice(1, -1);
}
