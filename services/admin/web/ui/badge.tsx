import type { ReactNode } from 'react';

export type Tone = 'good' | 'warn' | 'bad' | 'accent' | 'neutral';

/** A word on a coloured ground. The word says it all: colour is never alone. */
export function Badge({
  tone = 'neutral',
  plain = false,
  title,
  children,
}: {
  readonly tone?: Tone;
  /** Without the dot. */
  readonly plain?: boolean;
  readonly title?: string | undefined;
  readonly children: ReactNode;
}) {
  const classes = ['badge', ...(tone === 'neutral' ? [] : [tone]), ...(plain ? ['plain'] : [])].join(' ');
  return (
    <span className={classes} title={title}>
      {children}
    </span>
  );
}
