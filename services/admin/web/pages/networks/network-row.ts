import type { NetworkAnswer, NetworkHealth } from '../../../../contracts/chain-answers.ts';
import type { NetworkNow } from '../../../../contracts/live-messages.ts';

/** A network as the table shows it: what the catalog says, how its sync is, and what came live since. */
export interface NetworkRow {
  readonly network: NetworkAnswer;
  readonly health: NetworkHealth | undefined;
  readonly now: NetworkNow | undefined;
  readonly state: string;
  readonly head: number | null;
  readonly lagBlocks: number | null;
  readonly tps: number | null;
}

/** Joins the answers of the API by id. What came live is newer than what was answered. */
export function networkRows(
  networks: readonly NetworkAnswer[],
  health: readonly NetworkHealth[],
  live: ReadonlyMap<string, NetworkNow>,
): NetworkRow[] {
  const healthOf = new Map(health.map((each) => [each.network, each]));
  return networks.map((network) => {
    const own = healthOf.get(network.id);
    const now = live.get(network.id);
    return {
      network,
      health: own,
      now,
      state: network.status === 'retired' ? 'retired' : (now?.state ?? network.sync.state),
      head: now?.head ?? own?.head ?? network.sync.head,
      lagBlocks: now?.lagBlocks ?? own?.lag.blocks ?? network.sync.lagBlocks,
      tps: now?.tps ?? null,
    };
  });
}

export interface NetworkFilter {
  readonly search: string;
  readonly state: string;
  readonly stack: string;
  readonly phase: string;
}

/** Whether a row is wanted: an empty word stands for all. The search looks at names, ids and chain ids. */
export function isWanted({ network, state }: NetworkRow, filter: NetworkFilter): boolean {
  const { id, name, chainId, stack, phase } = network;
  const words = filter.search.trim().toLowerCase();
  const isFound = words === '' || [id, name.toLowerCase(), String(chainId ?? '')].some((text) => text.includes(words));
  return (
    isFound &&
    (filter.state === '' || filter.state === state) &&
    (filter.stack === '' || filter.stack === stack) &&
    (filter.phase === '' || filter.phase === String(phase))
  );
}
