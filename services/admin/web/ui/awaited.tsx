import type { ReactNode } from 'react';

/**
 * What was shown before keeps its place, so that nothing moves, and is not seen while what was asked for instead is awaited:
 * figures of another window must not stand under the title of this one.
 */
export function Awaited({
  isAwaited,
  heightPx,
  children,
}: {
  readonly isAwaited: boolean;
  /** That it has at least. */
  readonly heightPx?: number;
  readonly children: ReactNode;
}) {
  return (
    <div className={isAwaited ? 'skeleton' : undefined} aria-busy={isAwaited} style={{ minHeight: heightPx }}>
      <div className={isAwaited ? 'unseen' : undefined}>{children}</div>
    </div>
  );
}
