import type { Interval } from '../../datasets/market/bar-read.ts';
import { nothingOwed, type Owed } from '../../runtime/socket/delivery.ts';
import type { Channel } from './client-message.ts';

/** One channel of one network or symbol of one connection, and where it stands. */
export interface Subscription extends Owed {
  readonly channel: Channel;
  /** The network, or the symbol of candles. */
  readonly of: string;
  readonly interval: Interval | undefined;
  /** Of the last message. */
  channelSeq: number;
  /** Of blocks: what is to be sent before changes can follow. */
  start: Start | undefined;
  /** Of blocks: the last change that the client has. */
  chainSeq: number;
  /** Of blocks: every change is sent as it comes. Otherwise what is missing is sent once it can be. */
  isLive: boolean;
  /** It was said that it is stale. */
  isToldStale: boolean;
  /** Ends what feeds it. */
  stop: () => void;
}

/** How the blocks of a client begin: with a snapshot, or where it was. */
export interface Start {
  readonly reason: SnapshotReason;
  readonly resumeFrom: number | undefined;
  /** Whether all that it takes is there. */
  isOpen: boolean;
}

/** Why a snapshot is sent. */
export type SnapshotReason =
  /** It was asked for. */
  | 'subscribed'
  /** The changes since the one given cannot be told: too many, too long ago, or it is none of ours. */
  | 'not-resumable'
  /** Follows a `reset`. */
  | 'reset';

export function keyOf(channel: Channel, of: string, interval: Interval | undefined): string {
  return `${channel} ${of} ${interval ?? ''}`;
}

/** The fields that every message of a subscription begins with; counts it. */
export function headOf(subscription: Subscription, type: string): string {
  subscription.channelSeq += 1;
  const { channel, of, interval, channelSeq } = subscription;
  const what = interval === undefined ? `"network":"${of}"` : `"symbol":"${of}","interval":"${interval}"`;
  return `"type":"${type}","channel":"${channel}",${what},"channelSeq":${channelSeq}`;
}

export function newSubscription(channel: Channel, of: string, interval: Interval | undefined): Subscription {
  return {
    channel,
    of,
    interval,
    channelSeq: 0,
    start: undefined,
    chainSeq: 0,
    isLive: false,
    isToldStale: false,
    ...nothingOwed(),
    stop: () => undefined,
  };
}
