import type { MarketMessage } from './messages.ts';
import { garbage, parseMessageJson } from './parse-message-json.ts';
import { scanMessage } from './parse-message-scan.ts';

/** What a message of a stream says, for us. */
export type StreamMessage = MarketMessage | ControlMessage | IgnoredMessage | GarbageMessage;

/** About the connection itself. `answer`: to SUBSCRIBE and the like, with `id` as it was asked, `error` if it was refused. */
export type ControlMessage =
  | {
      readonly kind: 'control';
      readonly control: 'answer';
      readonly id: number | string | undefined;
      readonly error: string | undefined;
    }
  | { readonly kind: 'control'; readonly control: 'serverShutdown' };

/** An event that we have no use for (`kline`); undefined if it has no name. */
export interface IgnoredMessage {
  readonly kind: 'ignored';
  readonly event: string | undefined;
}

/**
 * Not what the exchange's document says. `symbol`, by the exchange's name, when it can be told whose it was. `of`: what it would
 * have been, undefined if that cannot be told; a book has lost nothing by a trade or a ticker.
 */
export interface GarbageMessage {
  readonly kind: 'garbage';
  readonly symbol: string | undefined;
  readonly of: MarketMessage['kind'] | undefined;
  readonly reason: string;
}

/** A depth update has at most some thousands of levels, a few hundred kilobytes. */
export const messageBytesMax = 4 * 1024 * 1024;

/**
 * One message of Binance's streams, spot or futures, combined (`{"stream":…,"data":…}`) or raw: depthUpdate, bookTicker, trade,
 * aggTrade. Never throws: what cannot be read is `garbage`.
 */
export function parseStreamMessage(raw: Buffer | string): StreamMessage {
  if (raw.length > messageBytesMax) return garbage(undefined, `${raw.length} bytes, more than ${messageBytesMax}`);
  const text = typeof raw === 'string' ? raw : raw.toString('utf8');
  return scanMessage(text) ?? parseMessageJson(text);
}
