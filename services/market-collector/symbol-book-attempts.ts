import type { Outcome, SnapshotReason } from './symbol-book-outcome.ts';

/** When a symbol asks for a snapshot: one at a time, and slower each time until the book was sound for a while. */
export interface SnapshotAttempts {
  /** Nothing, if one is asked for already. */
  ask(why: SnapshotReason): Outcome[];
  /** What was asked for came, or failed. */
  onAnswer(): void;
  /** The book is sound from now on. */
  onSound(): void;
  /** The book was sound until now: after long enough the next attempt is as the first. */
  onUnsound(): void;
  readonly isAsked: boolean;
}

const firstDelayMs = 1000;
const delayMsMax = 60_000;
const soundAfterMs = 60_000;

export function createSnapshotAttempts(now: () => number): SnapshotAttempts {
  let isAsked = false;
  let count = 0;
  let soundSinceMs = Number.POSITIVE_INFINITY;

  return {
    ask(why) {
      if (isAsked) return [];
      isAsked = true;
      const delayMs = count === 0 ? 0 : Math.min(delayMsMax, firstDelayMs * 2 ** (count - 1));
      count++;
      return [{ kind: 'wantsSnapshot', why, delayMs }];
    },
    onAnswer() {
      isAsked = false;
    },
    onSound() {
      soundSinceMs = now();
    },
    onUnsound() {
      if (now() - soundSinceMs >= soundAfterMs) count = 0;
    },
    get isAsked() {
      return isAsked;
    },
  };
}
