import type { ReactNode } from 'react';

/** Nothing to show, and why, and what could be done about it. */
export function EmptyState({ title, children }: { readonly title: string; readonly children?: ReactNode }) {
  return (
    <div className="state">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** What was asked for could not be had. */
export function ErrorState({
  error,
  onRetry,
  retry = 'Try again',
}: {
  readonly error: unknown;
  readonly onRetry?: (() => void) | undefined;
  /** What `onRetry` does. */
  readonly retry?: string;
}) {
  return (
    <div className="state bad" role="alert">
      <strong>This could not be read</strong>
      <span>{error instanceof Error ? error.message : String(error)}</span>
      {onRetry === undefined ? null : (
        <button type="button" className="button" onClick={onRetry}>
          {retry}
        </button>
      )}
    </div>
  );
}

/** As tall as what will be there, so that nothing moves when it comes. */
export function Loading({ heightPx, label = 'Loading' }: { readonly heightPx: number; readonly label?: string }) {
  return (
    <div role="status" aria-label={label}>
      <span className="skeleton" style={{ height: heightPx }} />
    </div>
  );
}
