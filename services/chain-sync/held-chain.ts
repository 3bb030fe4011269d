import type { Hex } from '../datasets/chain/block.ts';
import type { Dropped, DropRequest } from '../datasets/chain/drop-old-blocks.ts';
import type { Interval } from '../datasets/chain/intervals.ts';
import type { ChainStore, Step } from '../datasets/chain/write.ts';
import type { Cursor } from '../datasets/chain/write-cursor.ts';
import { RetryableError } from '../runtime/errors.ts';

/** What is held of one network, as its sync knows it, and the one way to change it. */
export interface HeldChain {
  cursor(): Cursor;
  /** Blocks below were dropped for their age since the sync began: they are not to be had again. */
  keptFrom(): number;
  /** One at a time: what is checked against the cursor must still be true when it commits. */
  inTurn<T>(work: () => Promise<T>): Promise<T>;
  /** Commits a step. In a turn. */
  commit(step: Step): Promise<void>;
  /** Drops old blocks. In a turn. */
  drop(request: DropRequest): Promise<Dropped>;
  /** Records the hash of block 0, unless one is. In a turn, or before there are any. */
  recordGenesis(hash: Hex): Promise<void>;
  findHash(number: number): Promise<Hex | undefined>;
  readHashes(range: Interval): Promise<Map<number, Hex>>;
  findParentHash(number: number): Promise<Hex | undefined>;
  tipHash(): Promise<Hex | undefined>;
}

/** Reads where the network stands. `onCommit` is told of each step that was committed, before its turn ends. */
export async function openHeldChain(store: ChainStore, onCommit: (step: Step) => Promise<void>): Promise<HeldChain> {
  let cursor = await store.loadCursor();
  let keptFrom = 0;
  let turn: Promise<unknown> = Promise.resolve();

  function moveTo(next: Cursor): void {
    if ((next.droppedTo ?? -1) > (cursor.droppedTo ?? -1)) keptFrom = Math.max(keptFrom, (next.droppedTo ?? -1) + 1);
    cursor = next;
  }

  async function writing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      // It may have been committed all the same, or another process was first: what is stored decides.
      if (error instanceof RetryableError) moveTo(await store.loadCursor());
      throw error;
    }
  }

  const findHash = async (number: number): Promise<Hex | undefined> =>
    (await store.readHashes({ from: number, to: number })).get(number);

  return {
    cursor: () => cursor,
    keptFrom: () => keptFrom,
    inTurn: (work) => {
      const mine = turn.then(work);
      turn = mine.catch(() => undefined);
      return mine;
    },
    commit: async (step) => {
      moveTo(await writing(() => store.commitStep(cursor, step)));
      await onCommit(step);
    },
    drop: async (request) => {
      const dropped = await writing(() => store.dropOld(cursor, request));
      moveTo(dropped.cursor);
      return dropped;
    },
    recordGenesis: async (hash) => {
      await store.pinGenesis(hash);
      moveTo(await store.loadCursor());
    },
    findHash,
    readHashes: store.readHashes,
    findParentHash: store.findParentHash,
    tipHash: async () => {
      const tip = cursor.synced.at(-1)?.to;
      return tip === undefined ? undefined : findHash(tip);
    },
  };
}
