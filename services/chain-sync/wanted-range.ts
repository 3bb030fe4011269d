import type { Logger } from 'pino';
import { countOf, gapsIn, type Intervals } from '../datasets/chain/intervals.ts';
import { describeError } from '../runtime/errors.ts';
import { type FinalityRule, finalNumberOf } from './advance-finality.ts';
import type { EvmReader, HeadReading } from './evm/evm-reader.ts';
import { findFirstSince } from './find-first-since.ts';
import type { HeldChain } from './held-chain.ts';
import type { Endpoint } from './rpc/endpoint.ts';
import { EndpointFault } from './rpc/fault.ts';

/** How far back a network is to be held. The highest of the bounds counts. */
export interface HistoryBounds {
  /** The first block to hold. */
  readonly startBlock: number;
  /** Blocks below the first head; without it all down to startBlock. */
  readonly historyBlocks: number | undefined;
  /** Blocks are dropped when they are so much older than the head; without it none are. */
  readonly retentionMs: number | undefined;
}

/** The blocks below the head that are wanted. */
export interface WantedRange {
  /**
   * Finds where the range begins, by the first head, unless that is known: the goal does not move with the head. True when it was
   * found just now.
   */
  settle(reading: HeadReading): Promise<boolean>;
  /** What is wanted below the head, may be had and is not held, ascending; none until the range is known. */
  gaps(): Intervals;
  /** How many blocks that are. */
  remaining(): number;
}

/** Unix seconds; blocks made before are too old to be held. By the head where a chain stands still, or where our clock is ahead. */
export function oldestTime(head: { readonly timestamp: number }, retentionMs: number, nowMs: number): number {
  return Math.min(head.timestamp, nowMs / 1000) - retentionMs / 1000;
}

export function createWantedRange({
  network,
  bounds,
  finality,
  held,
  reader,
  log,
  clock,
  onFailure,
}: {
  readonly network: string;
  readonly bounds: HistoryBounds;
  readonly finality: FinalityRule;
  readonly held: HeldChain;
  readonly reader: EvmReader;
  readonly log: Logger;
  readonly clock: () => number;
  /** The start of the range could not be found this time; undefined once it is. */
  readonly onFailure: (reason: string | undefined) => void;
}): WantedRange {
  let wantedFrom: number | undefined;

  async function settle(reading: HeadReading): Promise<boolean> {
    if (wantedFrom !== undefined) return false;
    const { startBlock, historyBlocks, retentionMs } = bounds;
    const { head } = reading;
    const from = historyBlocks === undefined ? startBlock : Math.max(startBlock, head.number - historyBlocks);
    if (retentionMs === undefined) {
      wantedFrom = from;
      return true;
    }
    try {
      const first = await findStart(reading, Math.max(from, reader.historyFrom()), retentionMs);
      // Nothing can be dropped up to what is final, nor would it be known for final if it were not held.
      wantedFrom = Math.max(from, Math.min(first, finalNumberOf(reading, finality) ?? first));
      log.debug({ network, from: wantedFrom }, 'start of history found');
      onFailure(undefined);
      return true;
    } catch (error) {
      if (!(error instanceof EndpointFault)) throw error;
      onFailure(`where its history is to begin could not be found: ${describeError(error)}`);
      return false;
    }
  }

  /** The first block that is not too old, by the endpoint that is followed; by others too where that one has not got all. */
  async function findStart({ head, endpoint }: HeadReading, from: number, retentionMs: number): Promise<number> {
    if (from >= head.number) return head.number;
    const time = oldestTime(head, retentionMs, clock());
    const search = (at: Endpoint) => findFirstSince((numbers) => reader.readHeaders(at, numbers), { from, head, time });
    let best = await search(endpoint);
    for (const other of reader.endpoints) {
      if (!best.isEdge) break;
      if (other === endpoint || !other.admitted || other.refused()) continue;
      try {
        const found = await search(other);
        if (found.number < best.number) best = found;
      } catch (error) {
        if (!(error instanceof EndpointFault)) throw error;
      }
    }
    return best.number;
  }

  function gaps(): Intervals {
    const { synced } = held.cursor();
    const live = synced.at(-1);
    if (live === undefined || wantedFrom === undefined) return [];
    return gapsIn(synced, { from: Math.max(wantedFrom, held.keptFrom(), reader.historyFrom()), to: live.to });
  }

  return { settle, gaps, remaining: () => countOf(gaps()) };
}
