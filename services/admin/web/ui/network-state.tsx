import type { NetworkAnswer } from '../../../contracts/chain-answers.ts';
import type { NetworkNow } from '../../../contracts/live-messages.ts';
import { oldReasonOf } from '../live/old-reason.ts';
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
  const oldReason = oldReasonOf({ state, isReportStale: network.sync.stale }, now);
  if (network.status === 'retired') return <Badge title={reason ?? undefined}>retired</Badge>;
  if (oldReason !== undefined)
    return (
      <Badge tone="warn" title={`${oldReason}: what is known of it is old`}>
        {state}, old
      </Badge>
    );
  return (
    <Badge tone={tones[state] ?? 'neutral'} title={reason ?? undefined}>
      {state}
    </Badge>
  );
}
