import { useNow } from './clock.ts';
import { formatSeconds, formatTime } from './format.ts';

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
