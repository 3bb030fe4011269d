import { useConnection, useLiveSocket } from '../live/live-context.tsx';
import { Badge } from '../ui/badge.tsx';
import { formatTime } from '../ui/format.ts';

/** Whether what the page calls live is. Told to screen readers when it changes. */
export function ConnectionBadge() {
  const connection = useConnection(useLiveSocket());
  return (
    <span role="status" aria-live="polite" data-connection={connection.kind}>
      {connection.kind === 'open' ? <Badge tone="good">Live</Badge> : null}
      {connection.kind === 'connecting' ? <Badge tone="warn">Connecting</Badge> : null}
      {connection.kind === 'unreadable' ? <Badge tone="bad">Reload the page</Badge> : null}
      {connection.kind === 'away' ? <Badge tone="bad">Not live since {formatTime(connection.sinceMs)}</Badge> : null}
    </span>
  );
}

/** Says across the page that what is shown is not live, and that nothing has to be done about it. */
export function OutageNotice() {
  const connection = useConnection(useLiveSocket());
  if (connection.kind === 'unreadable')
    return (
      <p className="outage" role="alert" title={connection.reason}>
        At {formatTime(connection.sinceMs)} something came that this page does not understand: the service is of another
        version. Reload the page to follow it.
      </p>
    );
  if (connection.kind !== 'away') return null;
  return (
    <p className="outage" role="alert">
      There is no connection to the analytics API since {formatTime(connection.sinceMs)}. Figures that came before are
      marked as old; the page connects by itself.
    </p>
  );
}
