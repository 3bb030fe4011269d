import type { ReactNode } from 'react';

/** A figure as people read it, which carries the one that the API gave: to the digit, for machines and for who points at it. */
export function Figure({
  value,
  children,
  unit,
}: {
  readonly value: number | string | null | undefined;
  readonly children: ReactNode;
  /** Of `value`, as in `wei`. */
  readonly unit?: string;
}) {
  if (value === null || value === undefined)
    return (
      <span className="muted" title="Not known">
        –
      </span>
    );
  return (
    <data value={value} title={unit === undefined ? String(value) : `${value} ${unit}`}>
      {children}
    </data>
  );
}
