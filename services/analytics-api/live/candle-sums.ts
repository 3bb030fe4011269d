import type { BarTrades } from '../../datasets/market/bar.ts';
import { formatDecimal, parseDecimal } from '../../datasets/market/decimal.ts';

/** What was traded in some seconds of a symbol, ready to be added to other seconds. Prices and sizes × 10^18, as the store keeps them. */
export interface CandleSum {
  readonly trades: number;
  readonly firstId: number;
  readonly lastId: number;
  readonly open: bigint;
  readonly high: bigint;
  readonly low: bigint;
  readonly close: bigint;
  readonly volume: bigint;
  readonly quoteVolume: bigint;
}

export type Traded = Pick<
  BarTrades,
  'count' | 'firstId' | 'lastId' | 'open' | 'high' | 'low' | 'close' | 'volume' | 'quoteVolume'
>;

const scale = 18;

export function sumOf(traded: Traded): CandleSum {
  const { count, firstId, lastId } = traded;
  return {
    ...{ trades: count, firstId, lastId },
    open: unitsOf(traded.open),
    high: unitsOf(traded.high),
    low: unitsOf(traded.low),
    close: unitsOf(traded.close),
    volume: unitsOf(traded.volume),
    quoteVolume: unitsOf(traded.quoteVolume),
  };
}

/** Both together, in whatever order: the exchange's ids say which came first. As the store folds its bars. */
export function addSums(a: CandleSum | undefined, b: CandleSum | undefined): CandleSum | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return {
    trades: a.trades + b.trades,
    firstId: Math.min(a.firstId, b.firstId),
    lastId: Math.max(a.lastId, b.lastId),
    open: a.firstId <= b.firstId ? a.open : b.open,
    high: sorted(a.high, b.high)[1],
    low: sorted(a.low, b.low)[0],
    close: a.lastId >= b.lastId ? a.close : b.close,
    volume: a.volume + b.volume,
    quoteVolume: a.quoteVolume + b.quoteVolume,
  };
}

/** A candle, as the market API tells it too; prices are null when nothing was traded. JSON without its braces. */
export function candleText(startMs: number, untilMs: number, sum: CandleSum | undefined): string {
  const price = (units: bigint | undefined) => (units === undefined ? 'null' : `"${textOf(units)}"`);
  const prices = `"open":${price(sum?.open)},"high":${price(sum?.high)},"low":${price(sum?.low)},"close":${price(sum?.close)}`;
  const volumes = `"volume":"${textOf(sum?.volume ?? 0n)}","quoteVolume":"${textOf(sum?.quoteVolume ?? 0n)}"`;
  return `"time":${startMs},"until":${untilMs},${prices},${volumes},"trades":${sum?.trades ?? 0}`;
}

function sorted(a: bigint, b: bigint): [bigint, bigint] {
  return a < b ? [a, b] : [b, a];
}

function unitsOf(text: string): bigint {
  const { units, scale: places } = parseDecimal(text);
  return units * 10n ** BigInt(scale - places);
}

function textOf(units: bigint): string {
  return formatDecimal(units, scale).replace(/\.?0+$/, '');
}
