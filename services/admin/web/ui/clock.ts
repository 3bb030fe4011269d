import { useSyncExternalStore } from 'react';

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let nowMs = Date.now();

function tick(): void {
  nowMs = Date.now();
  for (const listener of [...listeners]) listener();
}

/** Calls back once a second, all listeners at once, and when the page comes back into view: its timers rest while it is not. */
function everySecond(listener: () => void): () => void {
  if (listeners.size === 0) {
    nowMs = Date.now();
    timer = setInterval(tick, 1_000);
    document.addEventListener('visibilitychange', tick);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    document.removeEventListener('visibilitychange', tick);
  };
}

/** The time to the second, the same for all who show an age. Unix milliseconds. */
export function useNow(): number {
  return useSyncExternalStore(everySecond, () => nowMs);
}

/** Whether a moment has passed, to the second. Who asks is drawn again only when that changes. */
export function useIsPast(momentMs: number): boolean {
  return useSyncExternalStore(everySecond, () => nowMs > momentMs);
}
