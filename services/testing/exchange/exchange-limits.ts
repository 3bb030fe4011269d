import type { Market } from '../../market-collector/binance/messages.ts';
import { weightPerMinute } from './exchange-info.ts';

/** What the exchange lets one address and one connection do, and what it does itself in time. */
export interface ExchangeLimits {
  readonly weightPerMinute: number;
  /** So many requests after the first 429 of a minute bring a 418. */
  readonly refusalsToBan: number;
  readonly banMs: number;
  readonly connectsPer5Minutes: number;
  readonly streamsPerConnection: number;
  /** Frames of a client: pings, pongs and requests. */
  readonly messagesPerSecond: number;
  readonly pingEveryMs: number;
  readonly pongWithinMs: number;
  readonly connectionLifeMs: number;
  /** How long before that `serverShutdown` is said; 0: it is not. */
  readonly shutdownNoticeMs: number;
  /** A client that leaves more than this unread is disconnected. */
  readonly unreadBytesMax: number;
}

/** As the markets' documents have them. */
export function limitsOf(market: Market, changes: Partial<ExchangeLimits> = {}): ExchangeLimits {
  const isSpot = market === 'spot';
  return {
    weightPerMinute: weightPerMinute[market],
    refusalsToBan: 3,
    banMs: 120_000,
    connectsPer5Minutes: 300,
    streamsPerConnection: 1024,
    messagesPerSecond: isSpot ? 5 : 10,
    pingEveryMs: isSpot ? 20_000 : 180_000,
    pongWithinMs: isSpot ? 60_000 : 600_000,
    connectionLifeMs: 24 * 3_600_000,
    shutdownNoticeMs: 600_000,
    unreadBytesMax: 64 * 1024 * 1024,
    ...changes,
  };
}

/** What a client may not do. */
export type Violation =
  | 'weight'
  | 'request while refused'
  | 'request while banned'
  | 'connects'
  | 'streams'
  | 'messages'
  | 'no pong'
  | 'unread';
