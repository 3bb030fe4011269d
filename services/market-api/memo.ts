/** Reads at most once per `ttlMs` whoever asks, and once for all who ask at the same time. A failed reading is not kept. */
export function memoize<T>(ttlMs: number, clock: () => number, read: () => Promise<T>): () => Promise<T> {
  let kept: { readonly at: number; readonly value: Promise<T> } | undefined;
  return () => {
    const now = clock();
    if (kept !== undefined && now - kept.at < ttlMs) return kept.value;
    const fresh = { at: now, value: read() };
    kept = fresh;
    fresh.value.catch(() => {
      if (kept === fresh) kept = undefined;
    });
    return fresh.value;
  };
}
