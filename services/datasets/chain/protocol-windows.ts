import type { Protocol } from '../../../catalog/schema/protocol.ts';
import type { Timeseries } from '../../stores/timeseries.ts';

/** Windows of one network that are to be computed anew. */
export interface ProtocolWindowsToCompute {
  readonly network: string;
  readonly size: 'minute' | 'hour' | 'day';
  /** Unix seconds, each the start of a window of this size (UTC). */
  readonly starts: readonly number[];
  /** The network's `seq` that the raw tables have reached: all changes up to it are in them. */
  readonly version: number;
}

/**
 * Computes what each protocol did in these windows from the raw tables, and writes it: also zeros, so that a window which a
 * reorg emptied says so. Idempotent; the highest version wins. Protocols without a contract on the network, and retired ones,
 * cost nothing.
 */
export async function recomputeProtocolWindows(
  _timeseries: Timeseries,
  _protocols: readonly Protocol[],
  _windows: ProtocolWindowsToCompute,
): Promise<void> {}
