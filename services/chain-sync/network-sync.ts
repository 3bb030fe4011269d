import type { Logger } from 'pino';
import type { Block, Hex } from '../datasets/chain/block.ts';
import type { ChainStore, Step } from '../datasets/chain/write.ts';
import type { Cursor } from '../datasets/chain/write-cursor.ts';
import { createFinalityAdvance } from './advance-finality.ts';
import { backfill } from './backfill.ts';
import { openChainIdentity } from './chain-identity.ts';
import { dropOld } from './drop-old.ts';
import type { EvmReader, HeadReading } from './evm/evm-reader.ts';
import { followHead } from './follow-head.ts';
import { createForks } from './forks.ts';
import { openHeldChain } from './held-chain.ts';
import { createWantedRange } from './wanted-range.ts';

/** Where a network stands, as its sync sees it. */
export interface SyncProgress {
  readonly cursor: Cursor;
  /** Blocks below the head that are wanted, may be had, and are not held yet. */
  readonly remaining: number;
}

/** What happens while a network syncs, for metrics and the status. */
export interface SyncObserver {
  /** The cursor was read, or moved by a commit of `blocks` (none when only finality moved or blocks were retracted). */
  moved(progress: SyncProgress, blocks: readonly Block[]): void;
  reorged(depth: number): void;
  /** The head was asked for, and what is held follows it. */
  followed(reading: HeadReading, progress: SyncProgress): void;
  /** The head could not be followed this time; it is tried again. */
  headFailed(reason: string): void;
  /** Older blocks could not be had; undefined once they can again. */
  historyFailed(reason: string | undefined): void;
  /** So many blocks were dropped for their age. */
  dropped(blocks: number): void;
}

export interface NetworkSyncOptions {
  readonly network: string;
  readonly store: ChainStore;
  readonly reader: EvmReader;
  readonly log: Logger;
  readonly observer: SyncObserver;
  readonly signal: AbortSignal;
  /** How often the head is asked for. */
  readonly intervalMs: number;
  /** Blocks in one commit: L2_BATCH_SIZE. */
  readonly blocksPerCommitMax: number;
  /** The hash of block 0 by the catalog; taken from the endpoints when undefined. */
  readonly genesisHash: Hex | undefined;
  /** The first block to hold; the genesis block when undefined. */
  readonly startBlock: number | undefined;
  /** How many blocks below the first head to back-fill; all down to startBlock when undefined. */
  readonly historyBlocks: number | undefined;
  /** For how long blocks are held, by their time; for ever when undefined. Blocks that are not final stay. */
  readonly retentionMs: number | undefined;
  /** How often it is looked for blocks that have become too old. */
  readonly dropEveryMs: number;
  /** The chain has a finality tag: nothing is final but by it. */
  readonly hasFinalityTag: boolean;
  /** Blocks on top of a final one, where the chain has no finality tag. */
  readonly confirmations: number;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

/**
 * Follows one network until the signal aborts: the head by polling, the gaps below it by backfill, both under one cursor; and drops
 * what has become too old. Blocks are read outside a turn and committed in one; whatever takes blocks away is decided and committed
 * in the same turn. The store checks every step against what is held, so the rows are one chain at every moment.
 * Throws ConfigurationError when the catalog's genesis is not that of the stored chain.
 */
export async function syncNetwork(options: NetworkSyncOptions): Promise<void> {
  const { network, store, reader, log, observer, signal, intervalMs, blocksPerCommitMax, clock } = options;
  const startBlock = options.startBlock ?? 0;
  let onMoved = (): void => undefined;
  let lastHead: HeadReading | undefined;

  const held = await openHeldChain(store, async (step: Step) => {
    if (step.finalizedNumber !== undefined) await identity.trustKnown();
    if (step.retract !== undefined) observer.reorged(step.retract.to - step.retract.from + 1);
    observer.moved(progress(), step.append ?? []);
    onMoved();
  });
  const identity = await openChainIdentity({ network, genesisHash: options.genesisHash, held, reader });
  const forks = createForks({ network, held, reader, log, blocksPerCommitMax });
  const wanted = createWantedRange({
    ...{ network, held, reader, log, clock },
    bounds: { startBlock, historyBlocks: options.historyBlocks, retentionMs: options.retentionMs },
    finality: options,
    onFailure: observer.historyFailed,
  });
  observer.moved(progress(), []);

  const shared = { network, held, reader, forks, log, signal, intervalMs, blocksPerCommitMax };
  await Promise.all([
    followHead({
      ...shared,
      identity,
      startBlock,
      reached: async (reading) => {
        if (await wanted.settle(reading)) onMoved();
      },
      advanceFinality: createFinalityAdvance(held, options, intervalMs),
      followed: (reading) => {
        lastHead = reading;
        observer.followed(reading, progress());
      },
      failed: observer.headFailed,
    }),
    backfill({ ...shared, wanted, moved, failed: observer.historyFailed }),
    options.retentionMs === undefined
      ? undefined
      : dropOld({
          ...{ ...shared, clock, retentionMs: options.retentionMs, everyMs: options.dropEveryMs },
          head: () => lastHead,
          dropped: (blocks) => {
            observer.dropped(blocks);
            observer.moved(progress(), []);
          },
        }),
  ]);

  function progress(): SyncProgress {
    return { cursor: held.cursor(), remaining: wanted.remaining() };
  }

  /** Resolves at the next change of what is held, a poll later at the latest. */
  function moved(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        onMoved = () => undefined;
        resolve();
      };
      const timer = setTimeout(done, intervalMs);
      signal.addEventListener('abort', done, { once: true });
      onMoved = done;
    });
  }
}
