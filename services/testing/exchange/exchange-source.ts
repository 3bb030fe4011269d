import type { Market } from '../../market-collector/binance/messages.ts';
import type { ExchangeMessage } from './stream-text.ts';

/** The whole book, also the levels that no snapshot shows. Best first. */
export interface TrueBook {
  readonly lastUpdateId: number;
  readonly bids: readonly (readonly [price: string, size: string])[];
  readonly asks: readonly (readonly [price: string, size: string])[];
}

/** What one market says: simulated, or recorded. It has no clock: its time passes by `advance`. */
export interface ExchangeSource {
  readonly market: Market;
  /** By the exchange's own clock, Unix milliseconds. */
  nowMs(): number;
  /** What the streams say in the next so many milliseconds, in order. */
  advance(ms: number): ExchangeMessage[];
  /** The body of `GET …/depth`; undefined when there is no such symbol. */
  snapshot(symbol: string, limit: number): string | undefined;
  /** The book at this moment; undefined when there is no such symbol. */
  truth(symbol: string): TrueBook | undefined;
  /** The body of `GET …/exchangeInfo`, of these symbols or of all; undefined when one of them is unknown. */
  exchangeInfo(symbols?: readonly string[]): string | undefined;
  /** The most levels a side that a snapshot can be asked for. */
  readonly snapshotLimit: number;
  /** Nothing follows any more: only of recordings. */
  ended(): boolean;
}
