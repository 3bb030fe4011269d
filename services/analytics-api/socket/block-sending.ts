import type { Delivery } from '../../runtime/socket/delivery.ts';
import type { Sender } from '../../runtime/socket/sender.ts';
import { eventText, type RingEvent } from '../live/event-ring.ts';
import type { LiveChain } from '../live/live-chain.ts';
import { headOf, type Subscription } from './subscription.ts';

/**
 * The channel `blocks` of one connection: a snapshot or the place where the client was, and then every change. One that has to wait is
 * told from what is held of the chain; one that is held no longer is a reset, never left out in silence.
 */
export interface BlockSending {
  /** Begins anew, with a snapshot or where the client was. */
  begin(subscription: Subscription, reason: 'subscribed' | 'reset', from?: number): void;
  /** Sends what is missing, as far as the client reads. */
  resume(subscription: Subscription): void;
  /** A change as it comes; `text` is that of the event. */
  send(subscription: Subscription, event: RingEvent, text: string): void;
  /** A change is missing: what the client has leads nowhere. */
  breakOff(subscription: Subscription): void;
}

export function createBlockSending(
  chain: LiveChain,
  sender: Pick<Sender, 'send'>,
  delivery: Delivery<Subscription>,
): BlockSending {
  function begin(
    subscription: Subscription,
    reason: NonNullable<Subscription['start']>['reason'],
    from?: number,
  ): void {
    const start = { reason, resumeFrom: from, isOpen: false };
    subscription.start = start;
    subscription.isLive = false;
    void chain.open(subscription.of, from).then(() => {
      // It may have begun anew meanwhile, or have ended.
      if (subscription.start !== start) return;
      start.isOpen = true;
      catchUp(subscription);
    });
  }

  /** Sends blocks from where the client is to where the chain is. */
  function catchUp(subscription: Subscription): void {
    if (subscription.start !== undefined && !sendStart(subscription)) return;
    const missing = chain.after(subscription.of, subscription.chainSeq);
    if (missing === undefined) {
      reset(subscription, 'slow');
      return;
    }
    for (const event of missing) {
      if (delivery.mustWait(subscription)) return;
      sendEvent(subscription, event, eventText(event));
    }
    subscription.isLive = true;
  }

  /** Whether changes can follow. */
  function sendStart(subscription: Subscription): boolean {
    const { start, of } = subscription;
    if (start?.isOpen !== true || delivery.mustWait(subscription)) return false;
    const { resumeFrom } = start;
    if (resumeFrom !== undefined && chain.after(of, resumeFrom) !== undefined) {
      subscription.start = undefined;
      subscription.chainSeq = resumeFrom;
      sender.send(`${headOf(subscription, 'resumed')},"chainSeq":${resumeFrom}`);
      return true;
    }
    const reason = resumeFrom === undefined ? start.reason : 'not-resumable';
    const snapshot = chain.snapshot(of);
    if (snapshot === undefined) {
      begin(subscription, reason);
      return false;
    }
    subscription.start = undefined;
    subscription.chainSeq = snapshot.seq;
    sender.send(`${headOf(subscription, 'snapshot')},"reason":"${reason}",${snapshot.text}`);
    return true;
  }

  function reset(subscription: Subscription, reason: 'slow' | 'gap'): void {
    sender.send(`${headOf(subscription, 'reset')},"reason":"${reason}","chainSeq":${subscription.chainSeq}`);
    begin(subscription, 'reset');
  }

  function sendEvent(subscription: Subscription, event: RingEvent, text: string): void {
    subscription.chainSeq = event.seq;
    sender.send(`${headOf(subscription, event.type)},${text}`);
  }

  return {
    begin,
    resume: (subscription) => {
      if (!subscription.isLive) catchUp(subscription);
    },
    send: (subscription, event, text) => {
      if (!subscription.isLive || event.seq <= subscription.chainSeq) return;
      if (delivery.mustWait(subscription)) subscription.isLive = false;
      else sendEvent(subscription, event, text);
    },
    breakOff: (subscription) => {
      // One that has nothing yet begins with what is right by then.
      if (subscription.start === undefined) reset(subscription, 'gap');
    },
  };
}
