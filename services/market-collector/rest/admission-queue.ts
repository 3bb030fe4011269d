/** Who waits for a limited thing, the most important first. */
export interface AdmissionQueue {
  /**
   * Waits for a turn. A higher priority goes first; within a priority the earlier one does; and whoever waits rises by one
   * priority each `agingMs`, so that nobody waits for ever. Rejects with the signal's reason when it aborts.
   */
  acquire(weight: number, priority: number, signal: AbortSignal): Promise<void>;
  /** Something changed: look again. */
  reconsider(): void;
  readonly waiting: number;
  /** Rejects all who wait. */
  stop(): void;
}

export interface AdmissionQueueOptions {
  /** 0 when it took `weight` from what is limited just now; else the milliseconds after which to ask again. */
  readonly tryTake: (weight: number) => number;
  readonly agingMs?: number;
  readonly clock?: () => number;
}

interface Waiter {
  readonly weight: number;
  readonly rank: number;
  readonly admit: () => void;
  readonly refuse: (reason: unknown) => void;
}

/**
 * A queue in front of `tryTake`. The first in line is never passed by a lighter one behind it: else many small requests would
 * keep out a large one.
 */
export function createAdmissionQueue(options: AdmissionQueueOptions): AdmissionQueue {
  const { tryTake, agingMs = 30_000, clock = Date.now } = options;
  // Ascending by rank: the last one is next.
  const waiters: Waiter[] = [];
  let timer: NodeJS.Timeout | undefined;

  function admit(): void {
    clearTimeout(timer);
    timer = undefined;
    for (let next = waiters.at(-1); next !== undefined; next = waiters.at(-1)) {
      const waitMs = tryTake(next.weight);
      if (waitMs > 0) {
        timer = setTimeout(admit, Math.min(waitMs, 0x7fff_ffff));
        return;
      }
      waiters.pop();
      next.admit();
    }
  }

  function enqueue(waiter: Waiter): void {
    let at = waiters.length;
    while (at > 0 && (waiters[at - 1]?.rank ?? 0) >= waiter.rank) at--;
    waiters.splice(at, 0, waiter);
  }

  return {
    acquire: (weight, priority, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const leave = (): void => {
          waiters.splice(waiters.indexOf(waiter), 1);
          reject(signal.reason);
          admit();
        };
        const waiter: Waiter = {
          weight,
          // Ageing without ever sorting again: all rise at one speed, so their order is settled when they come.
          rank: priority * agingMs - clock(),
          admit: () => {
            signal.removeEventListener('abort', leave);
            resolve();
          },
          refuse: (reason) => {
            signal.removeEventListener('abort', leave);
            reject(reason);
          },
        };
        signal.addEventListener('abort', leave, { once: true });
        enqueue(waiter);
        admit();
      }),
    reconsider: admit,
    get waiting() {
      return waiters.length;
    },
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
      for (const waiter of waiters.splice(0)) waiter.refuse(new Error('stopped'));
    },
  };
}
