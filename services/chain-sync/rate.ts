/** Sums over a sliding window, in ten steps: for speeds and error rates that a person looks at. */
export interface SlidingSum {
  add(amount: number): void;
  /** The sum of what was added in the window. */
  sum(): number;
  perSecond(): number;
}

/** `windowMs` is the length of the window; `now` is in milliseconds. */
export function createSlidingSum(windowMs: number, now: () => number = () => performance.now()): SlidingSum {
  const stepMs = windowMs / 10;
  const startedAt = now();
  const steps = new Map<number, number>();
  const current = (): number => Math.floor(now() / stepMs);
  const sum = (): number => {
    const oldest = current() - 9;
    let total = 0;
    for (const [step, amount] of steps) {
      if (step < oldest) steps.delete(step);
      else total += amount;
    }
    return total;
  };
  return {
    add: (amount) => {
      const step = current();
      steps.set(step, (steps.get(step) ?? 0) + amount);
    },
    sum,
    perSecond: () => (sum() * 1000) / Math.min(windowMs, Math.max(1000, now() - startedAt)),
  };
}
