import type { Logger } from 'pino';
import { findIntervalOf } from '../datasets/chain/intervals.ts';
import { describeError } from '../runtime/errors.ts';
import type { BlocksReading, EvmReader } from './evm/evm-reader.ts';
import type { Forks } from './forks.ts';
import type { HeldChain } from './held-chain.ts';
import { pause } from './pause.ts';
import { readGap } from './read-gap.ts';
import type { WantedRange } from './wanted-range.ts';

const backoffMinMs = 250;
const backoffMaxMs = 60_000;

export interface Backfilling {
  readonly network: string;
  readonly held: HeldChain;
  readonly wanted: WantedRange;
  readonly reader: EvmReader;
  readonly forks: Forks;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly intervalMs: number;
  readonly blocksPerCommitMax: number;
  /** Resolves when what is held or wanted may have changed. */
  moved(): Promise<void>;
  /** Older blocks could not be had; undefined once they can again. */
  failed(reason: string | undefined): void;
}

/** Fills what is wanted below the head, from above down, until the signal aborts. */
export async function backfill(options: Backfilling): Promise<void> {
  const { network, held, wanted, reader, forks, log, signal, intervalMs } = options;
  let failures = 0;
  while (!signal.aborted) {
    const gap = wanted.gaps().at(-1);
    if (gap === undefined) {
      await options.moved();
      continue;
    }
    try {
      for await (const readings of readGap(reader, gap, options)) await held.inTurn(() => joinBelow(readings));
      failures = 0;
      options.failed(undefined);
    } catch (error) {
      if (signal.aborted) return;
      const reason = describeError(error);
      options.failed(reason);
      log.debug({ network, ...gap, reason }, 'backfill stopped, trying again');
      await pause(Math.min(backoffMaxMs, Math.min(backoffMinMs, intervalMs) * 2 ** Math.min(failures++, 8)), signal);
    }
  }

  /**
   * Commits readings, from the top down, below the block that is held there, each only when its last block is the parent of the
   * block above: a chain of hashes from the head down, whatever endpoint served a range. In a turn.
   */
  async function joinBelow(readings: readonly BlocksReading[]): Promise<void> {
    const top = readings[0]?.blocks.at(-1)?.number ?? 0;
    let expected = await held.findParentHash(top + 1);
    if (expected === undefined) throw new Error(`block ${top + 1} was retracted or dropped meanwhile`);
    for (const { blocks, endpoint } of readings) {
      const [first, last] = [blocks[0], blocks.at(-1)];
      if (first === undefined || last === undefined) continue;
      if (last.hash !== expected) {
        await reader.verify(endpoint);
        const reason = `its block ${last.number} is not the parent of block ${last.number + 1}`;
        forks.blame(endpoint, 'bad_answer', reason);
        throw new Error(`${endpoint.host}: ${reason}`);
      }
      expected = first.parentHash;
    }
    const lowest = readings.at(-1);
    const bottom = lowest?.blocks[0];
    if (lowest === undefined || bottom === undefined) return;
    const below = findIntervalOf(held.cursor().synced, bottom.number - 1);
    if (below !== undefined && (await held.findHash(below.to)) !== bottom.parentHash) {
      await forks.dropStaleTop(below, lowest.endpoint);
      throw new Error('the gap grew');
    }
    await held.commit({
      append: readings
        .flatMap(({ blocks }) => (blocks.length > 0 ? [blocks] : []))
        .reverse()
        .flat(),
    });
  }
}
