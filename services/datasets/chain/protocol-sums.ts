import type { Protocol } from '../../../catalog/schema/protocol.ts';
import type { Timeseries } from '../../stores/timeseries.ts';
import type { ProtocolVolume, ProtocolWindow } from './read-protocols.ts';
import type { Span } from './span.ts';
import type { WindowSums } from './window-sums.ts';

/** What a protocol did on a network in a span, exactly: the sum of its windows. */
export interface ProtocolSums
  extends Pick<
    ProtocolWindow,
    'protocol' | 'network' | 'calls' | 'failedCalls' | 'logs' | 'events' | 'undecoded' | 'isCurrent'
  > {
  /** Unix seconds: where the span begins, and the start of the newest window that was summed. */
  readonly from: number;
  readonly newestStart: number;
  /** By contract, address, event, field and asset. */
  readonly volumes: readonly SumOfVolumes[];
}

/** One amount of one event of one contract. */
export type SumOfVolumes = Omit<ProtocolVolume, 'protocol' | 'network' | 'start'>;

/**
 * What the protocols did on the networks in the span of each, `sums`, by protocol and network. Those without a window in it are not
 * there; retired protocols are, as long as they have some. Users are not: the same ones may be in several windows.
 * Throws RetryableError when writers were met half-way every time.
 */
export async function readProtocolSums(
  _timeseries: Timeseries,
  _protocols: readonly Protocol[],
  _span: Span,
  _sums: ReadonlyMap<string, Pick<WindowSums, 'asOf' | 'from'>>,
): Promise<ProtocolSums[]> {
  throw new Error('to be written');
}
