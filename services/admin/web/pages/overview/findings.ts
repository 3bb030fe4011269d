import type { NetworkHealth } from '../../../../contracts/chain-answers.ts';
import type { NetworkNow } from '../../../../contracts/live-messages.ts';
import { oldReasonOf } from '../../live/old-reason.ts';

/** Something that is not as it should be. */
export interface Finding {
  readonly tone: 'warn' | 'bad';
  readonly word: string;
  /** Where to look. */
  readonly href: string;
  readonly name: string;
  readonly detail: string;
}

const errorRateHigh = 0.1;

/** What is wrong with a network, the worst of it; undefined when nothing is. */
export function findingOf(health: NetworkHealth, now: NetworkNow | undefined): Finding | undefined {
  const { network: name, state, reason, errorRate } = health;
  const place = { href: `/networks/${name}`, name };
  if (state === 'unreachable') return { ...place, tone: 'bad', word: 'unreachable', detail: reason ?? '' };
  const oldReason = oldReasonOf({ state, isReportStale: health.stale }, now);
  if (oldReason !== undefined) return { ...place, tone: 'warn', word: 'old', detail: oldReason };
  if (errorRate === null || errorRate < errorRateHigh) return undefined;
  const percent = Math.round(errorRate * 100);
  return { ...place, tone: 'warn', word: 'errors', detail: `${percent}% of the requests to its nodes fail` };
}
