/** Requests that must not be late (the head) pass those that may wait (backfill). */
export type Urgency = 'head' | 'backfill';

/** One budget of JSON-RPC calls a second, shared by the head and the backfill of a network. */
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
  readonly reject: (reason: unknown) => void;
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
    if (rate < budget && at - slowedAt >= recoveryMs) {
      rate = Math.min(budget, rate + (budget / 10) * Math.floor((at - slowedAt) / recoveryMs));
      slowedAt = at;
    }
    tokens = Math.min(rate, tokens + ((at - filledAt) / 1000) * rate);
    filledAt = at;
  }

  function serve(): void {
    timer = undefined;
    refill();
    for (let next = waiting.head[0] ?? waiting.backfill[0]; next !== undefined && tokens > 0; next = waiting.head[0] ?? waiting.backfill[0]) {
      tokens -= next.count;
      (waiting.head[0] === next ? waiting.head : waiting.backfill).shift();
      next.resolve();
    }
    if (timer === undefined && (waiting.head.length > 0 || waiting.backfill.length > 0)) {
      timer = setTimeout(serve, Math.max(1, Math.ceil(((1e-9 - tokens) / rate) * 1000)));
    }
  }

  return {
    take: (count, urgency, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const queue = waiting[urgency];
        const leave = (): void => {
          const at = queue.indexOf(waiter);
          if (at >= 0) queue.splice(at, 1);
          reject(signal.reason);
        };
        const waiter: Waiter = {
          count,
          resolve: () => {
            signal.removeEventListener('abort', leave);
            resolve();
          },
          reject,
        };
        signal.addEventListener('abort', leave, { once: true });
        queue.push(waiter);
        if (timer === undefined) serve();
      }),
    slowDown: () => {
      refill();
      rate = Math.max(budget / 16, rate / 2);
      slowedAt = now();
    },
    ratePerSecond: () => rate,
  };
}
