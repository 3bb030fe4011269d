import type { LevelsText, Market } from '../../market-collector/binance/messages.ts';

/** What a stream says in one message; `text` is the payload that a combined stream wraps. */
export interface ExchangeMessage {
  /** `btcusdt@depth@100ms` */
  readonly stream: string;
  readonly symbol: string;
  /** other: of recordings, what no collector of books asks for. */
  readonly kind: 'depth' | 'ticker' | 'trade' | 'other';
  readonly text: string;
  /** By the exchange's clock, Unix milliseconds. */
  readonly timeMs: number;
  /** depth: `u` · ticker: `u` · trade: its id. */
  readonly updateId: number;
}

export interface SymbolNames {
  readonly market: Market;
  readonly symbol: string;
  /** COIN-M: the pair that the contract is of, `BTCUSD` of `BTCUSD_PERP`. */
  readonly pair: string;
}

/** The payload of `<symbol>@depth…`. */
export function depthText(
  { market, symbol, pair }: SymbolNames,
  diff: {
    readonly eventTimeMs: number;
    readonly matchedAtMs: number;
    readonly firstUpdateId: number;
    readonly lastUpdateId: number;
    readonly previousUpdateId: number;
    readonly bids: LevelsText;
    readonly asks: LevelsText;
  },
): string {
  const { eventTimeMs, matchedAtMs, firstUpdateId, lastUpdateId, previousUpdateId, bids, asks } = diff;
  if (market === 'spot') {
    return `{"e":"depthUpdate","E":${eventTimeMs},"s":"${symbol}","U":${firstUpdateId},"u":${lastUpdateId},"b":${bids},"a":${asks}}`;
  }
  const of = market === 'coinm' ? `,"ps":"${pair}"` : '';
  return `{"e":"depthUpdate","E":${eventTimeMs},"T":${matchedAtMs},"s":"${symbol}"${of},"U":${firstUpdateId},"u":${lastUpdateId},"pu":${previousUpdateId},"b":${bids},"a":${asks}}`;
}

/** The payload of `<symbol>@bookTicker`. Spot tells neither its type nor a time. */
export function tickerText(
  { market, symbol, pair }: SymbolNames,
  ticker: {
    readonly updateId: number;
    readonly eventTimeMs: number;
    readonly bid: string;
    readonly bidSize: string;
    readonly ask: string;
    readonly askSize: string;
  },
): string {
  const { updateId, eventTimeMs, bid, bidSize, ask, askSize } = ticker;
  const best = `"b":"${bid}","B":"${bidSize}","a":"${ask}","A":"${askSize}"`;
  switch (market) {
    case 'spot':
      return `{"u":${updateId},"s":"${symbol}",${best}}`;
    case 'usdm':
      return `{"e":"bookTicker","u":${updateId},"s":"${symbol}",${best},"T":${eventTimeMs},"E":${eventTimeMs}}`;
    case 'coinm':
      return `{"u":${updateId},"e":"bookTicker","s":"${symbol}","ps":"${pair}",${best},"T":${eventTimeMs},"E":${eventTimeMs}}`;
  }
}

export interface TradeFacts {
  readonly tradeId: number;
  readonly timeMs: number;
  readonly price: string;
  readonly size: string;
  readonly buyerIsMaker: boolean;
}

/** The payload of `<symbol>@trade`; futures have a transaction time before the symbol and a type, and no `M`. */
export function tradeText({ market, symbol }: SymbolNames, trade: TradeFacts): string {
  const { tradeId, timeMs, price, size, buyerIsMaker } = trade;
  if (market === 'spot') {
    return `{"e":"trade","E":${timeMs},"s":"${symbol}","t":${tradeId},"p":"${price}","q":"${size}","T":${timeMs},"m":${buyerIsMaker},"M":true}`;
  }
  return `{"e":"trade","E":${timeMs},"T":${timeMs},"s":"${symbol}","t":${tradeId},"p":"${price}","q":"${size}","X":"MARKET","m":${buyerIsMaker}}`;
}

/** The payload of `<symbol>@aggTrade`; here every trade is an aggregate of one. */
export function aggregateTradeText({ market, symbol }: SymbolNames, trade: TradeFacts): string {
  const { tradeId, timeMs, price, size, buyerIsMaker } = trade;
  const facts = `"p":"${price}","q":"${size}","f":${tradeId},"l":${tradeId},"T":${timeMs},"m":${buyerIsMaker}`;
  if (market === 'spot') return `{"e":"aggTrade","E":${timeMs},"s":"${symbol}","a":${tradeId},${facts},"M":true}`;
  return `{"e":"aggTrade","E":${timeMs},"a":${tradeId},"s":"${symbol}",${facts}}`;
}

/** The body of `GET …/depth`. */
export function snapshotText(
  { market, symbol, pair }: SymbolNames,
  snapshot: {
    readonly lastUpdateId: number;
    readonly eventTimeMs: number;
    readonly matchedAtMs: number;
    readonly bids: LevelsText;
    readonly asks: LevelsText;
  },
): string {
  const { lastUpdateId, eventTimeMs, matchedAtMs, bids, asks } = snapshot;
  const times = market === 'spot' ? '' : `"E":${eventTimeMs},"T":${matchedAtMs},`;
  const names = market === 'coinm' ? `"symbol":"${symbol}","pair":"${pair}",` : '';
  return `{"lastUpdateId":${lastUpdateId},${times}${names}"bids":${bids},"asks":${asks}}`;
}
