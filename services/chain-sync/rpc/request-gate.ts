import type { Urgency } from './token-bucket.ts';

/** A place among the requests in flight; call it once to give the place back. */
export type Release = () => void;

/**
 * The process's limit of requests in flight, shared by all networks. A head request passes every backfill;
 * within each kind, networks share by weight (their priority): one of priority 10 gets twice the places of one of priority 5,
 * and none starves.
 */
export interface RequestGate {
  /** Waits for a place. Rejects when the signal aborts. */
  enter(network: string, weight: number, urgency: Urgency, signal: AbortSignal): Promise<Release>;
  inFlight(): number;
}

/** The process's places in two parts, so that unreachable endpoints cannot take them all while they run into their timeouts. */
export interface RequestGates {
  readonly admitted: RequestGate;
  /** For endpoints that have yet to show that they answer, and for which chain. */
  readonly untried: RequestGate;
}

/** A quarter of `inFlightMax` is for untried endpoints; each part has one place at least. */
export function createRequestGates(inFlightMax: number): RequestGates {
  const untried = Math.max(1, Math.floor(inFlightMax / 4));
  return { admitted: createRequestGate(Math.max(1, inFlightMax - untried)), untried: createRequestGate(untried) };
}

interface Waiter {
  readonly startTag: number;
  readonly admit: (release: Release) => void;
}

export function createRequestGate(inFlightMax: number): RequestGate {
  const waiting: Record<Urgency, Waiter[]> = { head: [], backfill: [] };
  // Start-time fair queueing (Goyal 1996): a request starts where its network's last one ends, 1/weight further on,
  // and the smallest start goes first. An idle network starts at the present, so it cannot claim turns it did not want.
  const finishTags = new Map<string, number>();
  let present = 0;
  let inFlight = 0;

  function admitNext(): void {
    while (inFlight < inFlightMax) {
      const queue = waiting.head.length > 0 ? waiting.head : waiting.backfill;
      let next: Waiter | undefined;
      for (const waiter of queue) if (next === undefined || waiter.startTag < next.startTag) next = waiter;
      if (next === undefined) return;
      queue.splice(queue.indexOf(next), 1);
      present = Math.max(present, next.startTag);
      inFlight++;
      let released = false;
      next.admit(() => {
        if (released) return;
        released = true;
        inFlight--;
        admitNext();
      });
    }
  }

  return {
    enter: (network, weight, urgency, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const queue = waiting[urgency];
        const leave = (): void => {
          queue.splice(queue.indexOf(waiter), 1);
          // Its turn is given back, so that a network which gives up often does not fall behind for it.
          finishTags.set(network, (finishTags.get(network) ?? 0) - 1 / weight);
          reject(signal.reason);
        };
        const startTag = Math.max(present, finishTags.get(network) ?? 0);
        finishTags.set(network, startTag + 1 / weight);
        const waiter: Waiter = {
          startTag,
          admit: (release) => {
            signal.removeEventListener('abort', leave);
            resolve(release);
          },
        };
        signal.addEventListener('abort', leave, { once: true });
        queue.push(waiter);
        admitNext();
      }),
    inFlight: () => inFlight,
  };
}
