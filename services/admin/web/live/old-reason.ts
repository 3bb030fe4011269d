import type { NetworkNow } from '../../../contracts/live-messages.ts';

const selfExplaining = 'not-synced';
const working = ['synced', 'syncing', 'starting'];

/**
 * Why what is known of a network's sync is old; undefined while it is not. `isReportStale`: by the API's answer nobody has reported on
 * it lately. A network that is not synced, and whose state says so, is not old: there is nothing newer to know.
 */
export function oldReasonOf(
  { state, isReportStale }: { readonly state: string; readonly isReportStale: boolean },
  now: NetworkNow | undefined,
): string | undefined {
  const stale = now?.stale ?? null;
  if (stale !== null && stale.reason !== selfExplaining) return stale.reason;
  // It says that it is being synced, and those who would do that have stopped talking.
  if (isReportStale || (stale !== null && working.includes(now?.state ?? state)))
    return 'nobody reports on it any more';
  return undefined;
}
