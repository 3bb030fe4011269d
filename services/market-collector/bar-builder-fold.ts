import type { BarTrades } from '../datasets/market/bar.ts';
import { formatDecimal, parseDecimal } from '../datasets/market/decimal.ts';
import type { Trade } from './binance/messages.ts';

/** Decimals that the time series store keeps. */
const scale = 18;

/** 10^16: sums of ten thousand such numbers fit the store's 38 digits. No market comes near. */
const unitsMax = 10n ** BigInt(16 + scale);

const powersOfTen = Array.from({ length: scale + 1 }, (_, exponent) => 10n ** BigInt(exponent));

/** A trade in integers of 10^-18. */
export interface TradeUnits {
  readonly price: bigint;
  readonly size: bigint;
  readonly quote: bigint;
}

/** The trades of one second, put together in whatever order they come. */
export interface TradeFold {
  count: number;
  firstId: number;
  lastId: number;
  open: bigint;
  high: bigint;
  low: bigint;
  close: bigint;
  volume: bigint;
  quote: bigint;
  takerBuyVolume: bigint;
  takerBuyQuote: bigint;
}

/** Undefined for what is no positive price and no size, or has more digits (price and size together) than can be kept. */
export function findTradeUnits({ price: priceText, size: sizeText }: Trade): TradeUnits | undefined {
  const price = findUnits(priceText);
  const size = findUnits(sizeText);
  if (price === undefined || size === undefined || price <= 0n || size < 0n) return undefined;
  const product = price * size;
  const quote = product / (powersOfTen[scale] as bigint);
  const isKept =
    quote * (powersOfTen[scale] as bigint) === product && quote < unitsMax && price < unitsMax && size < unitsMax;
  return isKept ? { price, size, quote } : undefined;
}

function findUnits(text: string): bigint | undefined {
  try {
    const { units, scale: written } = parseDecimal(text);
    return written <= scale ? units * (powersOfTen[scale - written] as bigint) : undefined;
  } catch {
    return undefined;
  }
}

export function foldTrade(fold: TradeFold | undefined, trade: Trade, { price, size, quote }: TradeUnits): TradeFold {
  const { tradeId: id, buyerIsMaker } = trade;
  const [takerSize, takerQuote] = buyerIsMaker ? [0n, 0n] : [size, quote];
  if (fold === undefined) {
    const prices = { open: price, high: price, low: price, close: price };
    const sums = { volume: size, quote, takerBuyVolume: takerSize, takerBuyQuote: takerQuote };
    return { count: 1, firstId: id, lastId: id, ...prices, ...sums };
  }
  fold.count++;
  if (id < fold.firstId) {
    fold.firstId = id;
    fold.open = price;
  }
  if (id > fold.lastId) {
    fold.lastId = id;
    fold.close = price;
  }
  if (price > fold.high) fold.high = price;
  if (price < fold.low) fold.low = price;
  fold.volume += size;
  fold.quote += quote;
  fold.takerBuyVolume += takerSize;
  fold.takerBuyQuote += takerQuote;
  return fold;
}

export function tradesOf(fold: TradeFold): BarTrades {
  return {
    count: fold.count,
    firstId: fold.firstId,
    lastId: fold.lastId,
    open: textOf(fold.open),
    high: textOf(fold.high),
    low: textOf(fold.low),
    close: textOf(fold.close),
    volume: textOf(fold.volume),
    quoteVolume: textOf(fold.quote),
    takerBuyVolume: textOf(fold.takerBuyVolume),
    takerBuyQuoteVolume: textOf(fold.takerBuyQuote),
  };
}

/** As ClickHouse writes it: without zeros at the end. */
function textOf(units: bigint): string {
  return formatDecimal(units, scale).replace(/\.?0+$/, '');
}
