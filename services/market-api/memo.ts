/**
 * Reads at most once per `ttlMs` whoever asks, and never twice at the same time, however long it takes. A failed reading is not
 * kept.
 */
export function memoize<T>(ttlMs: number, clock: () => number, read: () => Promise<T>): () => Promise<T> {
  let kept: { readonly at: number; readonly value: Promise<T>; isRunning: boolean } | undefined;
  return () => {
    const now = clock();
    if (kept !== undefined && (kept.isRunning || now - kept.at < ttlMs)) return kept.value;
    const fresh = { at: now, value: read(), isRunning: true };
    kept = fresh;
    fresh.value.then(
      () => {
        fresh.isRunning = false;
      },
      () => {
        if (kept === fresh) kept = undefined;
      },
    );
    return fresh.value;
  };
}
