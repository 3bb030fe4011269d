import type { Network } from '../../../catalog/schema/network.ts';
import type { Health } from '../../runtime/modules.ts';
import { syncNoteOf } from '../network-view.ts';
import type { StoreLook } from './chain-reads.ts';

/** Why what is told of a network may be old, since when (Unix milliseconds). */
export interface Staleness {
  readonly reason: StaleReason;
  readonly sinceMs: number;
}

export type StaleReason =
  /** The bus cannot be reached: nothing comes. */
  | 'bus-away'
  /** The store cannot be read, so nobody can tell whether something is missing. */
  | 'store-away'
  /** Changes are committed that have not come. */
  | 'behind'
  /** The network is not synced, or nobody says that it is: see its state. */
  | 'not-synced';

/** Judges how fresh each network is. */
export interface FreshnessJudge {
  /** What the store said, or undefined when it could not be read. */
  noteLook(look: StoreLook | undefined, seenSeqOf: (network: string) => number | undefined): void;
  noteBus(health: Pick<Health, 'ok'>): void;
  /** Undefined while it is live. */
  judge(network: Network): Staleness | undefined;
  /** Of all that comes over the bus: undefined while it can be reached. */
  judgeBus(): Staleness | undefined;
}

/** Changes may be on their way for so long, and the store may not answer for so long. */
export const behindMs = 15_000;

export function createFreshnessJudge(clock: () => number): FreshnessJudge {
  let busAwaySince: number | undefined;
  let look: StoreLook | undefined;
  let lookedAt = clock();
  /** Changes that were committed and have not come, and since when that is known. */
  const awaited = new Map<string, { readonly seq: number; readonly sinceMs: number }>();
  const unsyncedSince = new Map<string, number>();

  function noteAwaited(network: string, committed: number, seen: number): void {
    const before = awaited.get(network);
    if (seen >= committed) awaited.delete(network);
    else if (before === undefined || seen >= before.seq) awaited.set(network, { seq: committed, sinceMs: clock() });
  }

  function judgeBus(): Staleness | undefined {
    return busAwaySince === undefined ? undefined : { reason: 'bus-away', sinceMs: busAwaySince };
  }

  return {
    judgeBus,
    noteLook: (found, seenSeqOf) => {
      if (found === undefined) return;
      look = found;
      lookedAt = clock();
      // Before the first change came, what the bus was given earlier is no longer awaited.
      for (const [network, { seq, relayedSeq }] of found.cursors)
        noteAwaited(network, seq, seenSeqOf(network) ?? relayedSeq);
    },
    noteBus: ({ ok }) => {
      if (ok) busAwaySince = undefined;
      else busAwaySince ??= clock();
    },
    judge: (network) => {
      const away = judgeBus();
      if (away !== undefined) return away;
      if (clock() - lookedAt >= behindMs) return { reason: 'store-away', sinceMs: lookedAt };
      const missing = awaited.get(network.id);
      if (missing !== undefined && clock() - missing.sinceMs >= behindMs)
        return { reason: 'behind', sinceMs: missing.sinceMs };
      if (look === undefined) return undefined;
      const { state, stale } = syncNoteOf(network, look.reported.get(network.id));
      if (!stale && (state === 'synced' || state === 'syncing' || state === 'starting')) {
        unsyncedSince.delete(network.id);
        return undefined;
      }
      const sinceMs = unsyncedSince.get(network.id) ?? clock();
      unsyncedSince.set(network.id, sinceMs);
      return { reason: 'not-synced', sinceMs };
    },
  };
}
