import { createAdmissionQueue } from './admission-queue.ts';

/**
 * The weight of one market's REST requests, shared by all who ask it. Binance counts by the minutes of its own clock, per
 * address (…/rest-api/limits: "a 1 MINUTE interval starts every minute"), and so does this: what one window leaves over is
 * no use in the next, and all of the next is there at once.
 */
export interface WeightBudget {
  /**
   * Waits until the request fits, the higher `priority` first. Rejects when the signal aborts, and with a RangeError when it
   * would never fit.
   */
  acquire(weight: number, priority: number, signal: AbortSignal): Promise<void>;
  /**
   * What an answer told: `usedWeight` by its header X-MBX-USED-WEIGHT-1M, of all programs at our address, and `serverTimeMs` by
   * its header Date. Corrects our count upward, never down, and our idea of when its minute begins.
   */
  observe(answer: { readonly usedWeight: number | undefined; readonly serverTimeMs: number | undefined }): void;
  /** Nobody is served before this time of our clock. A later pause wins over an earlier one. */
  pauseUntil(atMs: number): void;
  /** exchangeInfo tells the limit that is in force. */
  setLimit(weightPerMinute: number): void;
  stats(): WeightBudgetStats;
  stop(): void;
}

export interface WeightBudgetStats {
  /** Weight that we used in this window, and may use. */
  readonly used: number;
  readonly allowed: number;
  /** Of all programs at our address in this window, as far as is known. */
  readonly usedByAddress: number;
  readonly waiting: number;
  readonly pausedUntilMs: number | null;
}

export interface WeightBudgetOptions {
  readonly weightPerMinute: number;
  /** Of the limit, for this process: several collectors may share an address. 0 to 1. */
  readonly share?: number;
  /** Of the limit, for everyone: the rest is for what cannot be foreseen. 0 to 1. */
  readonly headroom?: number;
  /** Requests a second, whatever they weigh. */
  readonly requestsPerSecond?: number;
  readonly clock?: () => number;
}

const minuteMs = 60_000;
const secondMs = 1000;
/** A request is on its way for a while, and clocks differ: near a window's edge nobody could say which one it counts in. */
const edgeMs = 1500;

export function createWeightBudget(options: WeightBudgetOptions): WeightBudget {
  const { share = 1, headroom = 0.9, requestsPerSecond = 1000, clock = Date.now } = options;
  let limit = options.weightPerMinute;
  /** What to add to our clock to get the exchange's. */
  let skewMs = 0;
  let window = Number.NEGATIVE_INFINITY;
  let used = 0;
  let usedByAddress = 0;
  let pausedUntilMs = 0;
  let second = Number.NEGATIVE_INFINITY;
  let requestsInSecond = 0;

  const queue = createAdmissionQueue({ tryTake, clock });
  const allowed = (): number => Math.floor(limit * headroom * share);
  const allowedOfAddress = (): number => Math.floor(limit * headroom);

  function turnWindow(serverNow: number): void {
    const at = Math.floor(serverNow / minuteMs);
    // A step back over the edge is the clocks' uncertainty: the count goes on. A clock that was set back further begins anew.
    if (at === window || at === window - 1) return;
    window = at;
    used = 0;
    usedByAddress = 0;
  }

  function tryTake(weight: number): number {
    const now = clock();
    if (now < pausedUntilMs) return pausedUntilMs - now;
    const serverNow = now + skewMs;
    const intoMinute = serverNow % minuteMs;
    if (intoMinute < edgeMs) return edgeMs - intoMinute;
    const untilNext = minuteMs - intoMinute + edgeMs;
    if (intoMinute > minuteMs - edgeMs) return untilNext;
    turnWindow(serverNow);
    // Whoever was let in before the limit was lowered gets a window of its own: else it would keep the others out for ever.
    if (used > 0 && used + weight > allowed()) return untilNext;
    if (usedByAddress > 0 && usedByAddress + weight > allowedOfAddress()) return untilNext;
    const thisSecond = Math.floor(now / secondMs);
    if (thisSecond !== second) {
      second = thisSecond;
      requestsInSecond = 0;
    }
    if (requestsInSecond >= requestsPerSecond) return secondMs - (now % secondMs);
    requestsInSecond++;
    used += weight;
    usedByAddress += weight;
    return 0;
  }

  return {
    acquire: (weight, priority, signal) =>
      weight > allowed()
        ? Promise.reject(
            new RangeError(
              `a request of weight ${weight} never fits a budget of ${allowed()} a minute: ask for fewer levels or raise the share`,
            ),
          )
        : queue.acquire(weight, priority, signal),
    observe: ({ usedWeight, serverTimeMs }) => {
      const now = clock();
      if (serverTimeMs !== undefined) {
        // The header knows whole seconds. An older answer on a slow way looks like a slow clock: the edges allow for both.
        const told = serverTimeMs + secondMs / 2 - now;
        if (Math.abs(told - skewMs) > secondMs) skewMs = told;
      }
      turnWindow(now + skewMs);
      // An answer of the window before tells nothing of this one.
      const counted = Math.floor((serverTimeMs ?? now + skewMs) / minuteMs);
      if (usedWeight !== undefined && counted >= window) usedByAddress = Math.max(usedByAddress, usedWeight);
      queue.reconsider();
    },
    pauseUntil: (atMs) => {
      pausedUntilMs = Math.max(pausedUntilMs, atMs);
    },
    setLimit: (weightPerMinute) => {
      limit = weightPerMinute;
      queue.reconsider();
    },
    stats: () => {
      const now = clock();
      turnWindow(now + skewMs);
      return {
        used,
        allowed: allowed(),
        usedByAddress,
        waiting: queue.waiting,
        pausedUntilMs: pausedUntilMs > now ? pausedUntilMs : null,
      };
    },
    stop: () => queue.stop(),
  };
}
