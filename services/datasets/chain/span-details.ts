import type { Timeseries } from '../../stores/timeseries.ts';
import type { BlockStamp } from './read.ts';
import type { WindowSums } from './window-sums.ts';
import type { Percentiles } from './windows.ts';

/** Of a network over a span: what cannot be summed from windows, exactly. Null where the chain does not have the datum. */
export interface SpanDetails {
  /**
   * The block that was counted up to. That of the sums, unless the chain was reorganised since the windows were computed: then
   * its successor at this height.
   */
  readonly asOf: BlockStamp;
  /** Distinct senders. */
  readonly activeSenders: number;
  /** Distinct senders and recipients. */
  readonly activeAddresses: number;
  /** gasUsed * effectiveGasPrice; null also if one does not fit 256 bits. */
  readonly executionFee: Percentiles | null;
  readonly l1DataFee: Percentiles | null;
  /** effectiveGasPrice. */
  readonly gasPrice: Percentiles | null;
  /** From parent to block, where the parent is held. */
  readonly blockSeconds: { readonly p50: number; readonly p95: number } | null;
  /** From a block's timestamp to when it was seen to be final, where that was seen. */
  readonly finalityMs: { readonly p50: number; readonly p95: number } | null;
}

/**
 * Reads the raw rows of the blocks that `sums` counts: those from coverage.fromBlock to coverage.toBlock with
 * from <= timestamp <= asOf.timestamp. All of it is of one chain: a read that met a writer or a reorg half-way is made again.
 * Throws RetryableError when that happens every time.
 */
export async function readSpanDetails(_timeseries: Timeseries, _sums: WindowSums): Promise<SpanDetails> {
  throw new Error('to be written');
}
