import type { Sender } from './sender.ts';

/** What of a subscription was not sent while its client did not read. */
export interface Owed {
  /** Newest values of what is conflated, by what they are of: the newest two, as of candles, or one. */
  readonly latest: Map<number, string>;
  /** What was left out, and counted. */
  dropped: Dropped | undefined;
}

export interface Dropped {
  readonly count: number;
  readonly first: number;
  readonly last: number;
}

export function nothingOwed(): Owed {
  return { latest: new Map(), dropped: undefined };
}

/** How messages of a subscription begin and what those are called that are owed. Fields are JSON without its braces. */
export interface Wording<S> {
  headOf(subscription: S, type: string): string;
  /** Of a value of which the last wins. */
  latestType(subscription: S): string;
  droppedFields(dropped: Dropped): string;
}

/** Sends the data of one connection's subscriptions as far as its client reads, and what is owed later. */
export interface Delivery<S> {
  /** Whether data must wait now; the subscription is then one of those that `release` gives. */
  mustWait(subscription: S): boolean;
  /** The last value wins: what had to wait is replaced. */
  conflate(subscription: S, of: number, fields: string): void;
  /** Sends a message, or leaves it out and counts it; `id` says which it was. */
  sendOrDrop(subscription: S, type: string, id: number, fields: string): void;
  /** Sends what is owed. */
  settle(subscription: S): void;
  /** Gives those that had to wait to `resume`, in the order in which they began to, until data must wait again. */
  release(resume: (subscription: S) => void): void;
  forget(subscription: S): void;
}

const latestMax = 2;

export function createDelivery<S extends Owed>(
  sender: Pick<Sender, 'send' | 'isHeldBack'>,
  { headOf, latestType, droppedFields }: Wording<S>,
): Delivery<S> {
  const waiting = new Set<S>();

  function mustWait(subscription: S): boolean {
    if (sender.isHeldBack) waiting.add(subscription);
    return sender.isHeldBack;
  }

  function sendLatest(subscription: S): void {
    const type = latestType(subscription);
    for (const fields of subscription.latest.values()) sender.send(`${headOf(subscription, type)},${fields}`);
    subscription.latest.clear();
  }

  return {
    mustWait,
    conflate: (subscription, of, fields) => {
      const { latest } = subscription;
      latest.set(of, fields);
      if (!mustWait(subscription)) sendLatest(subscription);
      else if (latest.size > latestMax) latest.delete(Math.min(...latest.keys()));
    },
    sendOrDrop: (subscription, type, id, fields) => {
      if (!mustWait(subscription)) {
        sender.send(`${headOf(subscription, type)},${fields}`);
        return;
      }
      const { count, first, last } = subscription.dropped ?? { count: 0, first: id, last: id };
      subscription.dropped = { count: count + 1, first: Math.min(first, id), last: Math.max(last, id) };
    },
    settle: (subscription) => {
      const { dropped } = subscription;
      subscription.dropped = undefined;
      if (dropped !== undefined) sender.send(`${headOf(subscription, 'dropped')},${droppedFields(dropped)}`);
      sendLatest(subscription);
    },
    release: (resume) => {
      for (const each of waiting) {
        if (sender.isHeldBack) return;
        waiting.delete(each);
        resume(each);
      }
    },
    forget: (subscription) => void waiting.delete(subscription),
  };
}
