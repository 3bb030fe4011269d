import type { Logger } from 'pino';
import type { Interval } from '../datasets/chain/intervals.ts';
import { describeError } from '../runtime/errors.ts';
import type { EvmReader, HeadReading } from './evm/evm-reader.ts';
import type { Forks } from './forks.ts';
import type { HeldChain } from './held-chain.ts';
import { pause } from './pause.ts';
import type { Endpoint } from './rpc/endpoint.ts';
import { EndpointFault } from './rpc/fault.ts';
import { oldestTime } from './wanted-range.ts';

/** Rows that go in one step: a tenth of a second or so, for which commits of the network wait. */
const rowsMax = 20_000;

export interface OldDropping {
  readonly network: string;
  readonly held: HeldChain;
  readonly reader: EvmReader;
  readonly forks: Forks;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly retentionMs: number;
  /** How often it is looked for what has become too old. */
  readonly everyMs: number;
  readonly clock: () => number;
  /** The head that was followed last. */
  head(): HeadReading | undefined;
  dropped(blocks: number): void;
}

/**
 * Drops blocks that have become too old, a little at a time between commits, until the signal aborts. Nothing is dropped of a network
 * that cannot be followed: what is too old is told by its head.
 */
export async function dropOld(options: OldDropping): Promise<void> {
  const { network, held, reader, forks, log, signal } = options;
  let provenTo = -1;
  while (!signal.aborted) {
    const from = performance.now();
    let more = false;
    try {
      more = await step();
    } catch (error) {
      if (signal.aborted) return;
      log.debug({ network, reason: describeError(error) }, 'old blocks could not be dropped, trying again');
    }
    // As long at rest as at work: the store has more to do than this.
    await pause(more ? performance.now() - from : options.everyMs, signal);
  }

  /** True when there is more to drop at once. */
  async function step(): Promise<boolean> {
    const reading = options.head();
    if (reading === undefined) return false;
    const olderThan = oldestTime(reading.head, options.retentionMs, options.clock());
    const { blocks, more } = await held.inTurn(async () => {
      const upTo = await provenUpTo(reading.endpoint);
      return held.drop({ olderThan, upTo, rowsMax });
    });
    if (blocks > 0) {
      log.debug({ network, blocks, upTo: held.cursor().droppedTo }, 'old blocks dropped');
      options.dropped(blocks);
    }
    return more;
  }

  /**
   * The highest block that is known to be of the chain whose end is final. An interval that was left behind by a long absence may end
   * in blocks that were orphaned since; no backfill comes down to it to find out, and dropped they would never be taken back.
   */
  async function provenUpTo(endpoint: Endpoint): Promise<number> {
    for (;;) {
      const { synced, finalizedNumber } = held.cursor();
      const lowest = synced[0];
      if (lowest === undefined || finalizedNumber === null) return -1;
      if (finalizedNumber <= lowest.to) return finalizedNumber - 1;
      if (lowest.to <= provenTo) return lowest.to;
      await prove(lowest, endpoint);
      // Of one that was orphaned as a whole nothing is left: the next one is the lowest then, and is not proven.
      const left = held.cursor().synced[0];
      if (left?.from === lowest.from) provenTo = left.to;
    }
  }

  async function prove(left: Interval, followed: Endpoint): Promise<void> {
    const others = reader.endpoints.filter((each) => each !== followed && each.admitted && !each.refused());
    for (const endpoint of [followed, ...others]) {
      try {
        await forks.dropStaleTop(left, endpoint);
        return;
      } catch (error) {
        if (!(error instanceof EndpointFault) || error.kind !== 'missing') throw error;
      }
    }
    log.info(
      { network, ...left },
      'no endpoint has the blocks that were held before an absence: they are taken for the chain',
    );
  }
}
