import { selectFolded } from '../../datasets/market/bar-fold.ts';
import { type Interval, intervalSeconds, readLimits } from '../../datasets/market/bar-read.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import { type CandleSum, sumOf } from './candle-sums.ts';
import type { Second } from './recent-seconds.ts';

interface TradedRow {
  readonly symbol: string;
  readonly at: number;
  readonly trades: string;
  readonly first_trade_id: string;
  readonly last_trade_id: string;
  readonly open: string | null;
  readonly high: string | null;
  readonly low: string | null;
  readonly close: string | null;
  readonly volume: string;
  readonly quote_volume: string;
}

/** What candles are made of that the bus does not tell: seconds of before, and what came before those. */
export interface CandleStore {
  /** What was traded in the minutes of [fromMs, toMs), by symbol and by the start of the candle. */
  readSums(
    symbols: readonly string[],
    interval: Interval,
    fromMs: number,
    toMs: number,
  ): Promise<{ symbol: string; startMs: number; sum: CandleSum | undefined }[]>;
  readSeconds(symbols: readonly string[], fromMs: number): Promise<(Second & { symbol: string })[]>;
}

const columns = 'trades, first_trade_id, last_trade_id, open, high, low, close, volume, quote_volume';
const among = "b.symbol IN {symbols:Array(String)} AND b.time >= toDateTime({from:UInt32}, 'UTC')";

export function createCandleStore(timeseries: Timeseries): CandleStore {
  return {
    readSums: async (symbols, interval, fromMs, toMs) => {
      const seconds = intervalSeconds[interval];
      const start = `toDateTime(intDiv(toUnixTimestamp(b.time), ${seconds}) * ${seconds}, 'UTC')`;
      const where = `${among} AND b.time < toDateTime({to:UInt32}, 'UTC')`;
      const rows = await timeseries.query<TradedRow>(
        `SELECT symbol, toUnixTimestamp(time) AS at, ${columns}
           FROM (${selectFolded('market_bars_1m', start, where)}) ${readLimits}`,
        { symbols: [...symbols], from: fromMs / 1000, to: toMs / 1000 },
      );
      return rows.map((row) => {
        const traded = tradedOf(row);
        return { symbol: row.symbol, startMs: row.at * 1000, sum: traded === null ? undefined : sumOf(traded) };
      });
    },
    readSeconds: async (symbols, fromMs) => {
      const rows = await timeseries.query<TradedRow & { version: string }>(
        `SELECT b.symbol AS symbol, toUnixTimestamp(b.time) AS at, b.version AS version, ${columns}
           FROM market_bars_1s AS b FINAL WHERE ${among} ${readLimits}`,
        { symbols: [...symbols], from: fromMs / 1000 },
      );
      return rows.map((row) => ({
        symbol: row.symbol,
        timeMs: row.at * 1000,
        traded: tradedOf(row),
        version: Number(row.version),
      }));
    },
  };
}

function tradedOf(row: TradedRow): Second['traded'] {
  const { open, high, low, close, volume } = row;
  if (open === null || high === null || low === null || close === null) return null;
  return {
    count: Number(row.trades),
    firstId: Number(row.first_trade_id),
    lastId: Number(row.last_trade_id),
    ...{ open, high, low, close, volume },
    quoteVolume: row.quote_volume,
  };
}
