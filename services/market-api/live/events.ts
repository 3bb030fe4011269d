import type { Gap, MarketRecord } from '../../datasets/market/record.ts';
import type { LiveBook } from './live-book.ts';

/** What of a symbol is followed. */
export const feeds = ['book', 'trades', 'ticker'] as const;
export type Feed = (typeof feeds)[number];

/** What happened to a symbol that is followed. Texts are JSON without its braces: written once, whoever they are for. */
export type LiveEvent =
  /** The book is there, or another one is: diffs do not lead to it. */
  | { readonly kind: 'book' }
  | { readonly kind: 'diff'; readonly lastUpdateId: number; readonly text: string }
  | { readonly kind: 'gap'; readonly text: string }
  | { readonly kind: 'trade'; readonly tradeId: number; readonly text: string }
  | { readonly kind: 'ticker'; readonly text: string };

export type Follower = (event: LiveEvent) => void;

export function diffText(record: MarketRecord, previousUpdateId: number): string {
  const { firstUpdateId, updateId, eventTimeMs, receivedAtMs, bids, asks } = record;
  return `"firstUpdateId":${firstUpdateId ?? updateId},"lastUpdateId":${updateId},"previousUpdateId":${previousUpdateId},"eventTime":${eventTimeMs},"receivedAt":${receivedAtMs},"bids":${bids ?? '[]'},"asks":${asks ?? '[]'}`;
}

/** The whole book, the best levels first. */
export function bookText({ book, state, lastUpdateId, eventTimeMs, receivedAtMs }: LiveBook): string {
  const known = `"bidFloor":${quoted(book.bidFloor)},"askCeiling":${quoted(book.askCeiling)}`;
  return `"state":"${state}","lastUpdateId":${lastUpdateId},"eventTime":${eventTimeMs},"receivedAt":${receivedAtMs},${known},"bids":${book.levelsText('bid')},"asks":${book.levelsText('ask')}`;
}

export function tradeText({ updateId, price, size, buyerIsMaker, eventTimeMs, receivedAtMs }: MarketRecord): string {
  return `"tradeId":${updateId},"price":${quoted(price)},"size":${quoted(size)},"buyerIsMaker":${buyerIsMaker},"eventTime":${eventTimeMs},"receivedAt":${receivedAtMs}`;
}

export function tickerText({ updateId, bid, bidSize, ask, askSize, eventTimeMs, receivedAtMs }: MarketRecord): string {
  return `"updateId":${updateId},"bid":${quoted(bid)},"bidSize":${quoted(bidSize)},"ask":${quoted(ask)},"askSize":${quoted(askSize)},"eventTime":${eventTimeMs},"receivedAt":${receivedAtMs}`;
}

export function gapText(gap: Gap): string {
  const { closedAtMs, stream, reason, fromUpdateId, toUpdateId, openedAtMs, detail } = gap;
  const state = closedAtMs === null ? 'open' : 'closed';
  return `"state":"${state}","stream":"${stream}","reason":"${reason}","fromUpdateId":${fromUpdateId},"toUpdateId":${toUpdateId},"openedAt":${openedAtMs},"closedAt":${closedAtMs},"detail":${JSON.stringify(detail)}`;
}

/** Decimal text needs no escaping. */
function quoted(text: string | null): string {
  return text === null ? 'null' : `"${text}"`;
}
