import type { Network } from '../../../catalog/schema/network.ts';
import { lagBlocksOf, type Reported, syncNoteOf } from '../network-view.ts';
import type { Staleness } from './freshness.ts';
import type { LiveNetwork } from './live-network.ts';
import { inner } from './texts.ts';

/** How a network is now, as the channel `networks` tells it. `heldAt`: the newest block's time as the store has it. */
export function networkText(
  network: Network,
  live: Pick<LiveNetwork, 'newest' | 'finalized' | 'tps'>,
  seen: { readonly reported: Reported | undefined; readonly staleness: Staleness | undefined },
): string {
  const { reported, staleness } = seen;
  const report = reported?.report;
  const synced = live.newest?.number ?? report?.synced ?? null;
  // Blocks that came since the report are above the head that it knew.
  const head = Math.max(report?.head ?? -1, synced ?? -1);
  return inner({
    status: network.status,
    ...syncNoteOf(network, reported),
    stale: staleness === undefined ? null : { reason: staleness.reason, since: staleness.sinceMs },
    head: head < 0 ? null : head,
    synced,
    finalized: newestOf(live.finalized, report?.finalized),
    lagBlocks: lagBlocksOf(head < 0 ? null : head, synced),
    time: live.newest?.timestamp ?? null,
    tps: live.tps,
  });
}

function newestOf(a: number | null, b: number | null | undefined): number | null {
  return typeof b === 'number' ? Math.max(a ?? b, b) : a;
}
