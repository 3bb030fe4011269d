import type { NetworkAnswer } from '../../../contracts/chain-answers.ts';
import type { NetworkNow } from '../../../contracts/live-messages.ts';
import { Badge, type Tone } from './badge.tsx';

const tones: Record<string, Tone> = {
  synced: 'good',
  syncing: 'accent',
  starting: 'accent',
  unreachable: 'bad',
  unknown: 'warn',
  idle: 'neutral',
};

/** Where the sync of a network stands: what was told last, and whether that is old. */
export function NetworkState({
  network,
  now,
}: {
  readonly network: Pick<NetworkAnswer, 'status' | 'sync'>;
  readonly now: NetworkNow | undefined;
}) {
  const { state, reason } = now ?? network.sync;
  const stale = now?.stale ?? null;
  if (network.status === 'retired') return <Badge title={reason ?? undefined}>retired</Badge>;
  if (stale !== null && stale.reason !== 'not-synced')
    return (
      <Badge tone="warn" title={`${stale.reason}: what is known of it is old`}>
        {state}, old
      </Badge>
    );
  return (
    <Badge tone={tones[state] ?? 'neutral'} title={reason ?? undefined}>
      {state}
    </Badge>
  );
}
