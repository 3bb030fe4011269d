import type { ReactNode } from 'react';

/** Figures side by side, each with what it is. */
export function Stats({ children }: { readonly children: ReactNode }) {
  return <dl className="stats">{children}</dl>;
}

export function Stat({
  label,
  hint,
  children,
}: {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <div className="stat">
      <dt>{label}</dt>
      <dd>
        {children}
        {hint === undefined ? null : <div className="hint">{hint}</div>}
      </dd>
    </div>
  );
}
