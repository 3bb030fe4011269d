/**
 * One second of one symbol: what was traded in it, and the book at its end. Seconds of which nothing is known have no bar.
 * Prices and sizes are exact decimal text. Sizes count what the exchange counts: the base asset, or contracts on COIN-M, whose
 * `quoteVolume` is then price × contracts, good for the mean price alone.
 */
export interface Bar {
  readonly symbol: string;
  /** The start of the second by the exchange's clock; Unix milliseconds. */
  readonly timeMs: number;
  /** Null when nothing was traded: no price is carried over from before. */
  readonly traded: BarTrades | null;
  /** Nothing that was traded in this second is known or suspected to be missing. What comes later may still take it back. */
  readonly isTradesWhole: boolean;
  /** At the end of the second; null when the book was not live then. */
  readonly book: BarBook | null;
  /** The book was live from the start of the second to its end. */
  readonly isBookWhole: boolean;
  /** 1, and one more each time the same collector tells the second anew, because something late came. */
  readonly revision: number;
}

/** At least one trade. First and last are by the exchange's ids, which count every trade of the symbol without a break. */
export interface BarTrades {
  readonly count: number;
  readonly firstId: number;
  readonly lastId: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  /** The sum of price × size. */
  readonly quoteVolume: string;
  /** Of trades whose buyer took the price. */
  readonly takerBuyVolume: string;
  readonly takerBuyQuoteVolume: string;
}

export interface BarBook {
  /** Null when the side is empty, or its best may be unknown. */
  readonly bid: string | null;
  readonly bidSize: string | null;
  readonly ask: string | null;
  readonly askSize: string | null;
  /** One for each of `depthBps`, in its order. */
  readonly depths: readonly BarDepth[];
}

/** All that stands within some distance of the middle; null when that reaches beyond what is known of the book. */
export interface BarDepth {
  readonly bid: string | null;
  readonly ask: string | null;
  /** The sum of price × size. */
  readonly bidQuote: string | null;
  readonly askQuote: string | null;
}

/** Distances from the middle of best bid and ask at which the book is summed, in basis points. */
export const depthBps = [5, 10, 25, 50, 100] as const;

/** The distance within which imbalance is taken: (bid - ask) / (bid + ask) of what stands there. One of `depthBps`. */
export const imbalanceBps = 10;

const revisionsMax = 2 ** 16 - 1;

/**
 * Of two bars of one second the one with the higher version stands: the one that counted more trades, then the later told. So a
 * collector that was started in the middle of a second never replaces what the one before it had seen more of.
 */
export function versionOf({ traded, revision }: Bar): number {
  return (traded?.count ?? 0) * (revisionsMax + 1) + Math.min(revision, revisionsMax);
}
