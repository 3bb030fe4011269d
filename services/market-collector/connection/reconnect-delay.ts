export interface ReconnectPolicy {
  /** Quick attempts before it slows down (collection.reconnectAttempts). It never gives up. */
  readonly quickAttempts: number;
  /** The longest pause between attempts (collection.reconnectDelaySeconds). */
  readonly delayMaxMs: number;
}

const firstMs = 250;

/**
 * The pause before an attempt; `failures` is how many in a row have failed. Doubles from a quarter of a second, and is the
 * longest once the quick attempts are used up. Half of it is random, so that connections which broke together come back apart.
 */
export function reconnectDelay(failures: number, policy: ReconnectPolicy, random: () => number): number {
  const full =
    failures < policy.quickAttempts ? Math.min(policy.delayMaxMs, firstMs * 2 ** failures) : policy.delayMaxMs;
  return full * (0.5 + random() / 2);
}
