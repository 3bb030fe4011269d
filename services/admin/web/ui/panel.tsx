import { type ReactNode, useId } from 'react';
import type { Answer } from '../answers/use-answer.ts';
import { Awaited } from './awaited.tsx';
import { OldBadge } from './old-badge.tsx';
import { ErrorState, Loading } from './states.tsx';

/** A part of a page with its heading. `isOld`: what it shows was live and is not any more. */
export function Panel({
  title,
  aside,
  flush = false,
  isOld = false,
  children,
}: {
  readonly title: ReactNode;
  /** Beside the heading: filters, a link, how old it is. */
  readonly aside?: ReactNode;
  /** Without padding: for tables. */
  readonly flush?: boolean;
  readonly isOld?: boolean;
  readonly children: ReactNode;
}) {
  const id = useId();
  return (
    <section className={isOld ? 'panel is-old' : 'panel'} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        <span className="spring" />
        {aside}
      </header>
      <div className={flush ? 'body flush' : 'body'}>{children}</div>
    </section>
  );
}

/**
 * A panel of an answer: as tall as `heightPx` while it is awaited and after that at least, with the reason when it cannot be had, and
 * with the last answer marked as old when it cannot be had again.
 */
export function AnswerPanel<T>({
  title,
  answer,
  heightPx,
  aside,
  flush = false,
  isOld = false,
  children,
}: {
  readonly title: ReactNode;
  readonly answer: Answer<T>;
  readonly heightPx: number;
  readonly aside?: ReactNode;
  readonly flush?: boolean;
  readonly isOld?: boolean;
  readonly children: (data: T) => ReactNode;
}) {
  const { data, error, refetch } = answer;
  return (
    <Panel
      title={title}
      flush={flush}
      isOld={isOld || answer.isOld}
      aside={
        <>
          <OldBadge answer={answer} />
          {aside}
        </>
      }
    >
      {data !== undefined ? (
        <Awaited isAwaited={answer.isPlaceholderData} heightPx={heightPx}>
          {children(data)}
        </Awaited>
      ) : error !== null ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading heightPx={heightPx} />
      )}
    </Panel>
  );
}
