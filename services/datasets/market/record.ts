/**
 * What the collector writes down of one symbol, in the order in which it came. Prices, sizes and levels are the exchange's
 * own decimal text, never floats. Update ids are below 2^53 on every market.
 */
export interface MarketRecord {
  /** The pair's id in the catalog. */
  readonly symbol: string;
  readonly kind: RecordKind;
  /** depth: `u`, the last id that it holds · snapshot, checkpoint: `lastUpdateId` · ticker: `u` · trade: its id. */
  readonly updateId: number;
  /** depth: `U`, the first id that it holds; null for the rest. */
  readonly firstUpdateId: number | null;
  /** Futures' depth: `pu`, the `u` of the update before it, by which alone a hole is seen there; null for the rest and on spot. */
  readonly previousUpdateId: number | null;
  /**
   * When it happened by the exchange's clock: of a spot snapshot, which tells none, that of the newest update that it holds; our
   * own where there is no such either, and of spot's tickers. Unix milliseconds.
   */
  readonly eventTimeMs: number;
  /** When it came, by our clock. Unix milliseconds. */
  readonly receivedAtMs: number;
  /** The best of the book once this was applied (of a ticker: what it says itself); null when the side is empty or not known. */
  readonly bid: string | null;
  readonly bidSize: string | null;
  readonly ask: string | null;
  readonly askSize: string | null;
  /** Of a trade; null for the rest. */
  readonly price: string | null;
  readonly size: string | null;
  readonly buyerIsMaker: boolean | null;
  /** JSON `[["price","size"],…]`: the levels that changed (size 0: gone), or all that are known; null for tickers and trades. */
  readonly bids: string | null;
  readonly asks: string | null;
  /**
   * Of a snapshot or checkpoint: the worst price down to which (bids) and up to which (asks) every level is known; null when
   * the whole side is. Null for the rest.
   */
  readonly bidFloor: string | null;
  readonly askCeiling: string | null;
}

/** snapshot: as the exchange answered · checkpoint: our own book, so that a rebuild need not go back far. */
export type RecordKind = (typeof recordKinds)[number];
export const recordKinds = ['depth', 'ticker', 'trade', 'snapshot', 'checkpoint'] as const;

/**
 * Updates of one symbol that we do not have, or cannot trust. It is written twice: when it is found, with nothing known of its
 * end, and when the stream is whole again. `symbol`, `stream`, `openedAtMs` and `fromUpdateId` name it.
 */
export interface Gap {
  readonly symbol: string;
  /** Of what it is. Ids of a gap of the trades are ids of trades. */
  readonly stream: GapStream;
  readonly reason: GapReason;
  /** The last update that was applied before it; 0 when there was none. */
  readonly fromUpdateId: number;
  /** The update that the new book starts from; null while it lasts. */
  readonly toUpdateId: number | null;
  /** When `fromUpdateId` was, by the exchange's clock. Unix milliseconds. */
  readonly openedAtMs: number;
  /** When `toUpdateId` was, by the exchange's clock. */
  readonly closedAtMs: number | null;
  /** For people: what did not fit. */
  readonly detail: string;
}

export type GapStream = (typeof gapStreams)[number];
export const gapStreams = ['book', 'trades', 'tickers'] as const;

export type GapReason = (typeof gapReasons)[number];
export const gapReasons = [
  /** An update does not continue the one before it. */
  'sequence',
  /** The stream was lost with nothing to bridge it. */
  'disconnect',
  /** The best bid is not below the best ask. */
  'crossed',
  /** The book's best is not what the stream's own ticker says. */
  'ticker',
  /** A message of the symbol that cannot be read. */
  'garbage',
  /** More updates came while a snapshot was awaited than may be kept. */
  'overflow',
  /** The collector was not running, or was ended before all was written. */
  'restart',
  /** Records were dropped because no place was left to keep them while the database was away. */
  'spill',
] as const;
