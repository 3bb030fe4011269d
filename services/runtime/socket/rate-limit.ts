/** A token bucket: so many at once, so many a second after that. */
export interface RateLimit {
  /** Whether one more may pass now. */
  take(): boolean;
}

export function createRateLimit(perSecond: number, atOnce: number, clock: () => number): RateLimit {
  let tokens = atOnce;
  let at = clock();
  return {
    take: () => {
      const now = clock();
      tokens = Math.min(atOnce, tokens + (Math.max(0, now - at) / 1000) * perSecond);
      at = now;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
