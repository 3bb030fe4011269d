import type { Logger } from 'pino';
import type { Slots } from '../../runtime/slots.ts';
import type { Sender } from '../../runtime/socket/sender.ts';
import type { LiveEvent } from '../live/events.ts';
import type { LiveMarket } from '../live/live-market.ts';
import { createBookResumes } from './book-resumes.ts';
import { headOf, type SnapshotReason, type Subscription } from './subscription.ts';

/**
 * The channel `book` of one connection: a whole book, or the diffs since the client's own, and then every diff. A diff that has to wait
 * is never left out in silence: the book is reset.
 */
export interface BookSending {
  /** Sends the whole book once it is there and the client reads. */
  want(subscription: Subscription, why: SnapshotReason): void;
  /** Sends the diffs since an update that the client has, or the whole book. */
  resume(subscription: Subscription, fromUpdateId: number): void;
  /** What happens to a book. */
  take(subscription: Subscription, event: LiveEvent): void;
  /** Sends whole books that had to wait, as far as the client reads. */
  pump(): void;
  end(subscription: Subscription): void;
}

export interface BookSendingDeps {
  readonly live: LiveMarket;
  readonly sender: Pick<Sender, 'send' | 'isHeldBack'>;
  /** Shared with all other sessions: what resumes at one time. */
  readonly resumes: Slots;
  readonly log: Logger;
}

export function createBookSending(deps: BookSendingDeps): BookSending {
  const { live, sender } = deps;
  /** Books that are to be sent as a whole, in the order in which they came to be. */
  const wanting = new Set<Subscription>();
  const resumes = createBookResumes({ ...deps, giveUp: (subscription) => want(subscription, 'not-resumable') });

  function pump(): void {
    for (const each of wanting) {
      if (sender.isHeldBack) return;
      sendBook(each);
    }
  }

  function sendBook(subscription: Subscription): void {
    const view = live.findBook(subscription.symbol);
    // Its follower is told when there is one.
    if (view === undefined) return;
    if (view.state === 'waiting') {
      if (!subscription.isToldWaiting)
        sender.send(
          `${headOf(subscription, 'waiting')},"detail":"No book is held yet: a snapshot follows once there is one"`,
        );
      subscription.isToldWaiting = true;
      return;
    }
    wanting.delete(subscription);
    subscription.phase = 'live';
    subscription.lastUpdateId = view.lastUpdateId;
    sender.send(
      `${headOf(subscription, 'snapshot')},"reason":"${subscription.why}",${live.bookText(subscription.symbol)}`,
    );
  }

  function want(subscription: Subscription, why: SnapshotReason): void {
    resumes.end(subscription);
    subscription.phase = 'waiting';
    subscription.why = why;
    subscription.isToldWaiting = false;
    wanting.add(subscription);
    pump();
  }

  return {
    want,
    pump,
    resume: (subscription, fromUpdateId) => {
      wanting.delete(subscription);
      resumes.begin(subscription, fromUpdateId);
    },
    take: (subscription, event) => {
      if (event.kind === 'book') {
        if (subscription.phase === 'live') want(subscription, 'replaced');
        else pump();
        return;
      }
      if (event.kind !== 'diff' || subscription.phase !== 'live' || event.lastUpdateId <= subscription.lastUpdateId)
        return;
      if (sender.isHeldBack) {
        // What the client has is no longer the book.
        sender.send(`${headOf(subscription, 'reset')},"reason":"slow","lastUpdateId":${subscription.lastUpdateId}`);
        want(subscription, 'reset');
        return;
      }
      subscription.lastUpdateId = event.lastUpdateId;
      sender.send(`${headOf(subscription, 'diff')},${event.text}`);
    },
    end: (subscription) => {
      wanting.delete(subscription);
      resumes.end(subscription);
    },
  };
}
