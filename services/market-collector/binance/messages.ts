/** The three markets of Binance. Their messages are alike, their rules of sequence are not. */
export type Market = 'spot' | 'usdm' | 'coinm';

/** A side of a book, or its changes, as the exchange sent it: JSON `[["price","size"],…]`. */
export type LevelsText = string;

/** `<symbol>@depth@100ms`. `symbol` is the exchange's own name. Times are Unix milliseconds. */
export interface DepthDiff {
  readonly kind: 'depth';
  readonly symbol: string;
  /** `U` */
  readonly firstUpdateId: number;
  /** `u` */
  readonly lastUpdateId: number;
  /** `pu`, on futures only: the `u` of the diff before it. */
  readonly previousUpdateId: number | undefined;
  readonly eventTimeMs: number;
  readonly bids: LevelsText;
  readonly asks: LevelsText;
}

/** `<symbol>@bookTicker`. Spot tells no time. */
export interface BookTicker {
  readonly kind: 'ticker';
  readonly symbol: string;
  readonly updateId: number;
  readonly eventTimeMs: number | undefined;
  readonly bid: string;
  readonly bidSize: string;
  readonly ask: string;
  readonly askSize: string;
}

/** `<symbol>@trade` on spot, `<symbol>@aggTrade` on futures. */
export interface Trade {
  readonly kind: 'trade';
  readonly symbol: string;
  readonly tradeId: number;
  readonly eventTimeMs: number;
  readonly tradeTimeMs: number;
  readonly price: string;
  readonly size: string;
  readonly buyerIsMaker: boolean;
}

export type MarketMessage = DepthDiff | BookTicker | Trade;

/** What `GET …/depth` answers. */
export interface DepthSnapshot {
  readonly lastUpdateId: number;
  /** Futures tell it; spot does not. */
  readonly eventTimeMs: number | undefined;
  readonly bids: LevelsText;
  readonly asks: LevelsText;
  /** How many levels a side were asked for: a side with fewer is whole. */
  readonly limit: number;
}
