import type { Network } from '../../../catalog/schema/network.ts';
import type { Span } from '../../datasets/chain/span.ts';
import { readStatusBriefly, type SyncReport } from '../../datasets/chain/status.ts';
import { readWindowSums, type WindowSums } from '../../datasets/chain/window-sums.ts';
import type { AnalyticsDeps } from '../deps.ts';
import { ageSecondsOf, lagBlocksOf, syncNoteOf } from '../network-view.ts';

/** What chain-sync last said of a network, and how long ago. */
export interface Reported {
  readonly report: Omit<SyncReport, 'endpoints'>;
  readonly ageSeconds: number;
}

/** Networks over one span, by their ids: those without rows or reports are not there. */
export interface SpanReading {
  readonly sums: ReadonlyMap<string, WindowSums>;
  readonly reported: ReadonlyMap<string, Reported>;
}

/** Reads what happened on these networks, and how their sync is, with one query each. Other names of networks have nothing of their own. */
export async function readSpans(
  { timeseries, relational, readSums }: Pick<AnalyticsDeps, 'timeseries' | 'relational' | 'readSums'>,
  span: Span,
  networks: readonly Network[],
): Promise<SpanReading> {
  const held = networks.filter(({ aliasOf }) => aliasOf === undefined);
  const toSum = held.map(({ id, startBlock }) => ({ id, startBlock: startBlock ?? 0 }));
  const [sums, statuses] = await Promise.all([
    readSums?.(span, toSum) ?? readWindowSums(timeseries, span, toSum),
    readStatusBriefly(relational),
  ]);
  return { sums, reported: new Map(statuses.map((each) => [each.report.network, each])) };
}

/** What an answer says of a network that it has figures of: which blocks they are of, and how old. */
export function spanFreshnessOf(network: Network, { sums, reported }: SpanReading) {
  const { asOf, from, coverage } = sums.get(network.id) ?? { asOf: null, from: null, coverage: null };
  const known = reported.get(network.id);
  return {
    network: network.id,
    asOf,
    from,
    lag: {
      blocks: lagBlocksOf(known?.report.head, asOf?.number),
      seconds: asOf === null ? null : ageSecondsOf(asOf.timestamp),
    },
    sync: syncNoteOf(network, known),
    coverage,
  };
}

/** What tells the network from another. */
export function networkLabelOf({ name, status, nativeCurrency }: Network) {
  return { name, status, nativeCurrency };
}

/** How far the chain itself is, as last reported. */
export function chainStateOf(network: Network, { reported }: SpanReading) {
  const { head = null, finalized = null } = reported.get(network.id)?.report ?? {};
  return { head, finalBlock: finalized };
}
