import { nearestFew } from '../../catalog/nearest.ts';
import type { Network } from '../../catalog/schema/network.ts';
import type { NetworkAnswer, NetworkHealth, syncStates } from '../contracts/chain-answers.ts';
import type { ChainView } from '../datasets/chain/read.ts';
import type { SyncReport } from '../datasets/chain/status.ts';
import { ProblemError } from '../runtime/http-problem.ts';
import type { CatalogInForce } from '../runtime/live-catalog.ts';

/** What chain-sync last said of a network, and how long ago. */
export interface Reported {
  readonly report: SyncReport;
  readonly ageSeconds: number;
}

/** As much of it as `syncNoteOf` needs. */
interface ReportedState {
  readonly report: Pick<SyncReport, 'state' | 'reason'>;
  readonly ageSeconds: number;
}

export interface SyncNote {
  readonly state: (typeof syncStates)[number];
  readonly reason: string | null;
  readonly stale: boolean;
}

/** chain-sync reports every second. */
const staleSeconds = 15;

/** The network of that id. Throws a 404 that names the ids closest to it. */
export function getNetwork({ networks }: CatalogInForce, id: string): Network {
  const found = networks.find((network) => network.id === id);
  if (found !== undefined) return found;
  const known = networks.map((network) => network.id);
  const near = nearestFew(id.replaceAll(/[^a-z0-9]+/gi, '_'), known);
  const hint = near.length === 0 ? '' : `did you mean ${near.map((name) => `"${name}"`).join(' or ')}? `;
  throw new ProblemError({
    status: 404,
    code: 'unknown-network',
    title: 'There is no such network',
    detail: `The catalog has no network "${id.slice(0, 60)}"; ${hint}/api/v1/l2/networks lists all ${networks.length}.`,
    near,
  });
}

/** A network that has data to show: one of the environment's own, else the first of those with the highest priority. */
export function exampleNetworkOf({ catalog, networks }: CatalogInForce): string {
  const own = networks.find((network) => !catalog.networks.includes(network));
  const first = networks.toSorted((a, b) => b.priority - a.priority)[0];
  return (own ?? first)?.id ?? 'optimism';
}

/** Where the sync of a network stands, also when nobody speaks of it. */
export function syncNoteOf(network: Network, reported: ReportedState | undefined): SyncNote {
  if (reported !== undefined) {
    const { state, reason } = reported.report;
    return { state, reason, stale: reported.ageSeconds > staleSeconds };
  }
  if (network.status === 'retired') {
    return { state: 'idle', reason: `retired: ${network.statusNote ?? 'no longer in use'}`, stale: false };
  }
  return {
    state: 'unknown',
    reason: 'chain-sync has not reported on it: it is not running, or just starting',
    stale: false,
  };
}

/** What every answer with data of a chain says of itself. */
export function freshnessOf(network: Network, { asOf, finalizedNumber, reported }: ChainView, sync: SyncNote) {
  return {
    network: network.id,
    asOf,
    lag: {
      blocks: lagBlocksOf(reported?.report.head, asOf?.number),
      seconds: asOf === null ? null : ageSecondsOf(asOf.timestamp),
    },
    finality: { number: finalizedNumber },
    sync,
  };
}

export function networkAnswerOf(network: Network, reported: ReportedSync | undefined): NetworkAnswer {
  return { ...networkPartOf(network), sync: syncAnswerOf(network, reported) };
}

/** The JSON of `networkAnswerOf`, of which only the sync is written anew each time. */
export function networkJsonOf(network: Network, sync: NetworkAnswer['sync']): string {
  let before = writtenParts.get(network);
  if (before === undefined) {
    before = `${JSON.stringify(networkPartOf(network)).slice(0, -1)},"sync":`;
    writtenParts.set(network, before);
  }
  return `${before}${JSON.stringify(sync)}}`;
}

const writtenParts = new WeakMap<Network, string>();

type ReportedSync = Omit<Reported, 'report'> & { readonly report: Omit<SyncReport, 'endpoints'> };

/** What the catalog says of it; in the order of the answer's schema. */
function networkPartOf(network: Network): Omit<NetworkAnswer, 'sync'> {
  const { symbol, decimals } = network.nativeCurrency;
  return {
    id: network.id,
    name: network.name,
    kind: network.kind,
    chainId: network.chainId ?? null,
    stack: network.stack,
    settlement: network.settlement,
    priority: network.priority,
    phase: network.phase,
    status: network.status,
    statusNote: network.statusNote ?? null,
    aliasOf: network.aliasOf ?? null,
    renamedTo: network.renamedTo ?? null,
    successor: network.successor ?? null,
    tvlUsd: network.tvlUsd ?? null,
    nativeCurrency: { symbol, decimals },
    blockTimeSeconds: network.blockTimeSeconds ?? null,
    explorer: network.explorer ?? null,
    github: network.github ?? null,
  };
}

/** What is known of its sync; in the order of the answer's schema. */
export function syncAnswerOf(network: Network, reported: ReportedSync | undefined): NetworkAnswer['sync'] {
  const report = reported?.report;
  return {
    ...syncNoteOf(network, reported),
    head: report?.head ?? null,
    synced: report?.synced ?? null,
    finalized: report?.finalized ?? null,
    lagBlocks: lagBlocksOf(report?.head, report?.synced),
    blocksHeld: report?.blocksHeld ?? null,
    backfillRemaining: report?.backfillRemaining ?? null,
  };
}

/** `newestAt`: the time of the newest block held, Unix seconds. */
export function networkHealthOf(
  network: Network,
  reported: Reported | undefined,
  newestAt: number | undefined,
): NetworkHealth {
  const report = reported?.report;
  return {
    network: network.id,
    ...syncNoteOf(network, reported),
    reportAgeSeconds: reported === undefined ? null : Math.round(reported.ageSeconds * 10) / 10,
    head: report?.head ?? null,
    synced: report?.synced ?? null,
    lag: {
      blocks: lagBlocksOf(report?.head, report?.synced),
      seconds: newestAt === undefined ? null : ageSecondsOf(newestAt),
    },
    errorRate: report?.errorRate ?? null,
    blocksPerSecond: report?.blocksPerSecond ?? null,
    finality: { number: report?.finalized ?? null, seconds: report?.finalitySeconds ?? null },
    blocksHeld: report?.blocksHeld ?? null,
    backfillRemaining: report?.backfillRemaining ?? null,
    reorgs: report?.reorgs ?? null,
    endpoints: (report?.endpoints ?? []).map((endpoint) => ({ ...endpoint })),
  };
}

/** Blocks between a place and the head; a head that was read a moment earlier may be the lower one. */
export function lagBlocksOf(head: number | null | undefined, place: number | null | undefined): number | null {
  return typeof head === 'number' && typeof place === 'number' ? Math.max(0, head - place) : null;
}

/** Whole seconds since a block was made; some chains' clocks run ahead. */
export function ageSecondsOf(timestamp: number): number {
  return Math.max(0, Math.floor(Date.now() / 1000) - timestamp);
}
