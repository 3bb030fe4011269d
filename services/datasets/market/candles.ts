import type { Timeseries } from '../../stores/timeseries.ts';
import { type BarRange, boundsOf, queryBars, readLimits, tableOf } from './bar-read.ts';
import { formatDecimal, parseDecimal } from './decimal.ts';

/** What was traded within an interval. Exact decimal text; sizes count what the exchange counts (see `Bar`). */
export interface Candle {
  /** The start; Unix milliseconds. */
  readonly timeMs: number;
  /** Prices are null when nothing was traded: none is carried over from before. */
  readonly open: string | null;
  readonly high: string | null;
  readonly low: string | null;
  readonly close: string | null;
  readonly volume: string;
  readonly quoteVolume: string;
  readonly takerBuyVolume: string;
  readonly takerBuyQuoteVolume: string;
  /** quoteVolume / volume, rounded down to 18 decimals; null when nothing was traded. */
  readonly vwap: string | null;
  readonly trades: number;
  /** Ids of the exchange, which counts each trade of the symbol; null when nothing was traded. */
  readonly firstTradeId: number | null;
  readonly lastTradeId: number | null;
  /** Every trade of the interval is in it, and it is over. */
  readonly isComplete: boolean;
}

/** Most candles of one read. */
export const candlesMax = 10_000;

/**
 * Candles of a symbol. Intervals of which nothing is stored are left out; those in which the book was seen and nothing was traded
 * are there, without prices. From one minute on they are made of what is kept for ever, 1s of what is kept for 30 days.
 */
export async function readCandles(timeseries: Timeseries, range: BarRange): Promise<Candle[]> {
  const bounded = { ...range, limit: Math.min(range.limit, candlesMax) };
  const rows = await queryBars<CandleRow>(timeseries, bounded, candleColumns);
  if (rows.length === 0) return [];
  const ascending = range.order === 'asc' ? rows : rows.toReversed();
  const { seconds } = boundsOf(range);
  const around = await readIdsAround(timeseries, range, ascending[0]?.at ?? 0, (ascending.at(-1)?.at ?? 0) + seconds);
  const complete = completeOf(ascending, seconds, around);
  const candles = ascending.map((row, at) => candleOf(row, complete[at] ?? false));
  return range.order === 'asc' ? candles : candles.reverse();
}

const candleColumns = [
  'open',
  'high',
  'low',
  'close',
  'volume',
  'quote_volume',
  'taker_buy_volume',
  'taker_buy_quote_volume',
  'trades',
  'first_trade_id',
  'last_trade_id',
  'trades_whole_seconds',
];

interface CandleRow extends CountedRow {
  readonly open: string | null;
  readonly high: string | null;
  readonly low: string | null;
  readonly close: string | null;
  readonly volume: string;
  readonly quote_volume: string;
  readonly taker_buy_volume: string;
  readonly taker_buy_quote_volume: string;
}

interface CountedRow {
  readonly at: number;
  readonly trades: string;
  readonly first_trade_id: string;
  readonly last_trade_id: string;
  readonly trades_whole_seconds: string;
}

/** The last trade before some candles and the first one after them; undefined where none is known. */
interface IdsAround {
  readonly before: number | undefined;
  readonly after: number | undefined;
}

async function readIdsAround(
  timeseries: Timeseries,
  { symbol, interval }: BarRange,
  from: number,
  to: number,
): Promise<IdsAround> {
  const side = (name: string, id: string, time: string, order: string) =>
    `SELECT '${name}' AS side, ${id} AS id FROM (SELECT time, ${id} FROM ${tableOf(interval)}
      WHERE symbol = {symbol:String} AND trades > 0 AND ${time} ORDER BY time ${order}, version DESC LIMIT 1)`;
  const rows = await timeseries.query<{ side: string; id: string }>(
    `SELECT * FROM (${side('before', 'last_trade_id', "time < toDateTime({from:UInt32}, 'UTC')", 'DESC')}
       UNION ALL ${side('after', 'first_trade_id', "time >= toDateTime({to:UInt32}, 'UTC')", 'ASC')}) ${readLimits}`,
    { symbol, from, to },
  );
  const idOf = (name: string) => rows.filter(({ side }) => side === name).map(({ id }) => Number(id))[0];
  return { before: idOf('before'), after: idOf('after') };
}

/**
 * Which candles, ascending in time, have all their trades. Ids without a break from one trade to the next prove that none is missing
 * between the two, whatever was seen in the meantime. Where there is no trade on one side yet, each second must have been seen.
 */
function completeOf(rows: readonly CountedRow[], seconds: number, { before, after }: IdsAround): boolean[] {
  const complete = rows.map((row) => row.trades === '0' || idsIn(row) === Number(row.trades));
  const isSeen = (row: CountedRow) => Number(row.trades_whole_seconds) === seconds;
  let lastId = before;
  let lastAt = 0;
  /** What is between the trade before and this one: candles `lastAt` to `at`, both included. */
  const judge = (firstId: number | undefined, at: number): void => {
    const isProven = lastId !== undefined && firstId !== undefined && firstId === lastId + 1;
    const isUnknown = lastId === undefined || firstId === undefined;
    for (let each = lastAt; each <= Math.min(at, rows.length - 1); each++)
      if (!(isProven || (isUnknown && isSeen(rows[each] as CountedRow)))) complete[each] = false;
  };
  for (const [at, row] of rows.entries()) {
    if (row.trades === '0') continue;
    judge(Number(row.first_trade_id), at);
    lastId = Number(row.last_trade_id);
    lastAt = at;
  }
  judge(after, rows.length);
  return complete;
}

function idsIn({ first_trade_id: first, last_trade_id: last }: CountedRow): number {
  return Number(last) - Number(first) + 1;
}

function candleOf(row: CandleRow, isComplete: boolean): Candle {
  const isTraded = row.trades !== '0';
  return {
    timeMs: row.at * 1000,
    open: row.open,
    high: row.high,
    low: row.low,
    close: row.close,
    volume: row.volume,
    quoteVolume: row.quote_volume,
    takerBuyVolume: row.taker_buy_volume,
    takerBuyQuoteVolume: row.taker_buy_quote_volume,
    vwap: vwapOf(row.quote_volume, row.volume),
    trades: Number(row.trades),
    firstTradeId: isTraded ? Number(row.first_trade_id) : null,
    lastTradeId: isTraded ? Number(row.last_trade_id) : null,
    isComplete,
  };
}

const vwapScale = 18;

function vwapOf(quoteVolume: string, volume: string): string | null {
  const [quote, base] = [parseDecimal(quoteVolume), parseDecimal(volume)];
  if (base.units === 0n) return null;
  const units = (quote.units * 10n ** BigInt(vwapScale + base.scale)) / (base.units * 10n ** BigInt(quote.scale));
  return formatDecimal(units, vwapScale).replace(/\.?0+$/, '');
}
