/** Requests that must not be late (the head) pass those that may wait (backfill). */
export type Urgency = 'head' | 'backfill';

/** A budget of JSON-RPC calls a second, shared by all who ask the same network or the same endpoint. */
export interface TokenBucket {
  /** Waits until `count` calls fit the budget, head first. Rejects when the signal aborts. */
  take(count: number, urgency: Urgency, signal: AbortSignal): Promise<void>;
  /** A provider said "too many": halve the rate; it recovers by a tenth of the budget every ten seconds. */
  slowDown(): void;
  ratePerSecond(): number;
}

interface Waiter {
  readonly count: number;
  readonly resolve: () => void;
}

const recoveryMs = 10_000;

/** `budget` is in calls a second; `now` is in milliseconds and only for tests to replace. */
export function createTokenBucket(budget: number, now: () => number = () => performance.now()): TokenBucket {
  const waiting: Record<Urgency, Waiter[]> = { head: [], backfill: [] };
  let rate = budget;
  // A batch may be larger than a second's budget, so the balance may go below zero: the next one waits for it.
  let tokens = budget;
  let filledAt = now();
  let slowedAt = now();
  let timer: NodeJS.Timeout | undefined;

  function refill(): void {
    const at = now();
    const recoveries = Math.floor((at - slowedAt) / recoveryMs);
    if (rate < budget && recoveries > 0) {
      rate = Math.min(budget, rate + (budget / 10) * recoveries);
      slowedAt += recoveries * recoveryMs;
    }
    tokens = Math.min(rate, tokens + ((at - filledAt) / 1000) * rate);
    filledAt = at;
  }

  function serve(): void {
    refill();
    while (tokens > 0) {
      const next = waiting.head.shift() ?? waiting.backfill.shift();
      if (next === undefined) break;
      tokens -= next.count;
      next.resolve();
    }
    rearm();
  }

  /** A timer exists exactly while somebody waits: one that is left over would keep a stopping process alive. */
  function rearm(): void {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.head.length === 0 && waiting.backfill.length === 0) return;
    timer = setTimeout(serve, Math.max(1, Math.ceil((-tokens / rate) * 1000)));
  }

  return {
    take: (count, urgency, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const queue = waiting[urgency];
        const leave = (): void => {
          queue.splice(queue.indexOf(waiter), 1);
          rearm();
          reject(signal.reason);
        };
        const waiter: Waiter = {
          count,
          resolve: () => {
            signal.removeEventListener('abort', leave);
            resolve();
          },
        };
        signal.addEventListener('abort', leave, { once: true });
        queue.push(waiter);
        if (timer === undefined) serve();
      }),
    slowDown: () => {
      refill();
      rate = Math.max(budget / 16, rate / 2);
      tokens = Math.min(tokens, rate);
      slowedAt = now();
    },
    ratePerSecond: () => {
      refill();
      return rate;
    },
  };
}
