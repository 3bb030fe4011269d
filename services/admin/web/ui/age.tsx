import { useEffect, useState } from 'react';
import { formatSeconds, formatTime } from './format.ts';

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** The time, told once a second to all who show an age. Unix milliseconds. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const listener = () => setNow(Date.now());
    listeners.add(listener);
    timer ??= setInterval(() => {
      for (const each of listeners) each();
    }, 1_000);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, []);
  return now;
}

/** How long ago something was; some clocks run ahead. */
export function Age({ ms }: { readonly ms: number | null | undefined }) {
  const now = useNow();
  if (ms === null || ms === undefined) return <span className="muted">–</span>;
  return (
    <time dateTime={new Date(ms).toISOString()} title={formatTime(ms, 0)}>
      {formatSeconds(Math.max(0, Math.round((now - ms) / 1_000)))} ago
    </time>
  );
}
