import { createAdmissionQueue } from '../rest/admission-queue.ts';

/** lost: nothing delivers its symbols until it is there · first: nothing was delivered yet · roll: another still delivers. */
export type ConnectUrgency = 'lost' | 'first' | 'roll';

/** Attempts to connect to one market, shared by all connections to it: the exchange counts them by our address, at each of its hosts. */
export interface ConnectLimiter {
  /** Waits until one more attempt is allowed, the urgent first. Rejects when the signal aborts. */
  acquire(urgency: ConnectUrgency, signal: AbortSignal): Promise<void>;
  stop(): void;
}

export interface ConnectLimiterOptions {
  /** MarketRules.connectsPer5Minutes. */
  readonly connectsPer5Minutes: number;
  /** Of the limit, for this process. 0 to 1. */
  readonly share?: number;
  readonly clock?: () => number;
}

const windowMs = 300_000;
/** The rest is for an attempt that is counted later than it was made. */
const headroom = 0.9;
const priorities: Readonly<Record<ConnectUrgency, number>> = { lost: 20, first: 10, roll: 0 };

/** Allows so many attempts in any five minutes, whenever the exchange's begin. */
export function createConnectLimiter(options: ConnectLimiterOptions): ConnectLimiter {
  const { connectsPer5Minutes, share = 1, clock = Date.now } = options;
  const attemptsMax = Math.max(1, Math.floor(connectsPer5Minutes * share * headroom));
  const attempts: number[] = [];
  const queue = createAdmissionQueue({
    clock,
    tryTake: () => {
      const now = clock();
      while (attempts[0] !== undefined && attempts[0] <= now - windowMs) attempts.shift();
      const oldest = attempts[0];
      if (oldest !== undefined && attempts.length >= attemptsMax) return Math.max(1, oldest + windowMs - now);
      attempts.push(now);
      return 0;
    },
  });
  return {
    acquire: (urgency, signal) => queue.acquire(1, priorities[urgency], signal),
    stop: queue.stop,
  };
}
