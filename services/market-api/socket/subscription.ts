import type { Interval } from '../../datasets/market/bar-read.ts';
import { nothingOwed, type Owed } from '../../runtime/socket/delivery.ts';
import type { Channel, Subscribe } from './client-message.ts';

/** One channel of one symbol of one connection, and where it stands. */
export interface Subscription extends Owed {
  readonly channel: Channel;
  readonly symbol: string;
  readonly interval: Interval | undefined;
  /** Of the last message. */
  channelSeq: number;
  /**
   * Of a book. waiting: for a whole book · resuming: for the diffs since the client's own update id · live: each diff is sent.
   * The other channels are live at once.
   */
  phase: 'waiting' | 'resuming' | 'live';
  /** Of a book: the last update that the client has. */
  lastUpdateId: number;
  /** Of a book: why the next whole one comes. */
  why: SnapshotReason;
  /** While its phase is `resuming`. */
  resume: Resume | undefined;
  /** It was said that there is no book yet. */
  isToldWaiting: boolean;
  /** Ends what feeds it. */
  stop: () => void;
}

/** Diffs of a book that are asked for since an update that the client has. */
export interface Resume {
  readonly subscription: Subscription;
  readonly fromUpdateId: number;
}

/** Why a whole book is sent. */
export type SnapshotReason =
  /** It was asked for. */
  | 'subscribed'
  /** Diffs from the update id given cannot be told: too many, a gap since, or not an id of ours. */
  | 'not-resumable'
  /** Follows a `reset`. */
  | 'reset'
  /** The book was made whole after a gap, or reaches deeper now. */
  | 'replaced';

export function keyOf(channel: Channel, symbol: string, interval: Interval | undefined): string {
  return `${channel} ${symbol} ${interval ?? ''}`;
}

/** The fields that every message of a subscription begins with; counts it. */
export function headOf(subscription: Subscription, type: string): string {
  subscription.channelSeq += 1;
  const { channel, symbol, interval, channelSeq } = subscription;
  const length = interval === undefined ? '' : `,"interval":"${interval}"`;
  return `"type":"${type}","channel":"${channel}","symbol":"${symbol}"${length},"channelSeq":${channelSeq}`;
}

export function newSubscription({ channel, interval }: Subscribe, symbol: string): Subscription {
  return {
    channel,
    symbol,
    interval,
    channelSeq: 0,
    phase: channel === 'book' ? 'waiting' : 'live',
    lastUpdateId: 0,
    why: 'subscribed',
    resume: undefined,
    isToldWaiting: false,
    stop: () => undefined,
    ...nothingOwed(),
  };
}
