import type { Block, Hex } from './block.ts';
import { type Intervals, parseMultirange } from './intervals.ts';
import type { ChainStore, Step } from './write.ts';
import { type Cursor, StaleCursor } from './write-cursor.ts';

/** What a step wrote to the outbox, as it is relayed. */
export interface ModelChange {
  readonly seq: number;
  readonly kind: 'appended' | 'retracted' | 'finalized';
  readonly number: number;
  /** Null where blocks became final. */
  readonly hash: Hex | null;
  /** Of blocks that became final at a time that is known: the first of them. */
  readonly from?: number | null;
}

/** A chain store in memory that does the same as the one in PostgreSQL in the plainest way, for tests. */
export interface ChainStoreModel extends ChainStore {
  /** Blocks held, by number, ascending. */
  blocks(): readonly Block[];
  readonly changes: readonly ModelChange[];
  /** The relay has published all changes up to this one. */
  relayed(seq: number): void;
}

export function createChainStoreModel(): ChainStoreModel {
  let held = new Map<number, Block>();
  let genesisHash: Hex | null = null;
  let finalizedNumber: number | null = null;
  let droppedTo: number | null = null;
  let relayedSeq = 0;
  const changes: ModelChange[] = [];

  const cursor = (): Cursor => ({
    genesisHash,
    finalizedNumber,
    droppedTo,
    seq: changes.length,
    synced: intervalsOf([...held.keys()]),
  });
  const ascending = (): Block[] => [...held.values()].sort((a, b) => a.number - b.number);
  const assertNewest = (from: Cursor): void => {
    if (from.seq !== changes.length || from.droppedTo !== droppedTo) throw new StaleCursor('another cursor');
  };

  return {
    changes,
    blocks: ascending,
    relayed: (seq) => {
      relayedSeq = Math.max(relayedSeq, seq);
    },
    loadCursor: async () => cursor(),
    pinGenesis: async (hash) => {
      genesisHash ??= hash;
    },
    commitStep: async (from, step) => {
      assertNewest(from);
      const [first, last] = [step.append?.[0]?.number, step.append?.at(-1)?.number];
      const isHadAgain = droppedTo !== null && first !== undefined && first <= droppedTo;
      if (isHadAgain && (last ?? 0) < (droppedTo ?? 0)) throw new StaleCursor('below what was dropped');
      const next = applyStep(held, step);
      if (isHadAgain) droppedTo = first === 0 ? null : first - 1;
      for (const block of [...held.values()].sort((a, b) => b.number - a.number)) {
        if (isRetracted(block.number, step))
          changes.push({ seq: changes.length + 1, kind: 'retracted', number: block.number, hash: block.hash });
      }
      for (const { number, hash } of step.append ?? [])
        changes.push({ seq: changes.length + 1, kind: 'appended', number, hash });
      held = next;
      const { finalizedNumber: number, finalitySeen: seen } = step;
      if (number !== undefined && number > (finalizedNumber ?? -1)) {
        let from = number + 1;
        while (held.has(from - 1) && from - 1 >= (seen?.fromNumber ?? from) && from - 1 > (finalizedNumber ?? -1))
          from--;
        changes.push({
          seq: changes.length + 1,
          kind: 'finalized',
          number,
          hash: null,
          from: from <= number ? from : null,
        });
        finalizedNumber = number;
      }
      return cursor();
    },
    dropOld: async (from, { olderThan, upTo, rowsMax }) => {
      assertNewest(from);
      const named = new Set(
        changes.filter(({ kind, seq }) => kind === 'appended' && seq > relayedSeq).map(({ number }) => number),
      );
      const blocks = ascending();
      const isKept = ({ number, timestamp }: Block): boolean =>
        timestamp >= olderThan || number > upTo || number >= (finalizedNumber ?? 0);
      const old = blocks.slice(0, indexOr(blocks.findIndex(isKept), blocks.length));
      let rows = 0;
      const fits = old.findIndex(({ txs, logs }, at) => {
        rows += 1 + txs.length + logs.length;
        return at > 0 && rows > rowsMax;
      });
      const some = old.slice(0, indexOr(fits, old.length));
      const gone = some.slice(
        0,
        indexOr(
          some.findIndex(({ number }) => named.has(number)),
          some.length,
        ),
      );
      for (const { number } of gone) held.delete(number);
      droppedTo = gone.at(-1)?.number ?? droppedTo;
      return { cursor: cursor(), blocks: gone.length, more: fits >= 0 && gone.length === some.length };
    },
    readHashes: async ({ from, to }) =>
      new Map(
        [...held.values()]
          .filter(({ number }) => number >= from && number <= to)
          .map(({ number, hash }) => [number, hash]),
      ),
    findParentHash: async (number) => held.get(number)?.parentHash,
  };
}

function indexOr(index: number, otherwise: number): number {
  return index < 0 ? otherwise : index;
}

function applyStep(held: ReadonlyMap<number, Block>, step: Step): Map<number, Block> {
  const next = new Map([...held].filter(([number]) => !isRetracted(number, step)));
  for (const block of step.append ?? []) {
    if (next.has(block.number)) throw new StaleCursor('held already');
    next.set(block.number, block);
  }
  for (const block of next.values()) {
    const parent = next.get(block.number - 1);
    if (parent !== undefined && parent.hash !== block.parentHash) throw new StaleCursor('does not join');
  }
  return next;
}

function isRetracted(number: number, { retract }: Step): boolean {
  return retract !== undefined && number >= retract.from && number <= retract.to;
}

/** The intervals of a set of numbers, by way of PostgreSQL's text, so that both stores speak of the same. */
export function intervalsOf(numbers: readonly number[]): Intervals {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const starts = sorted.filter((number, at) => sorted[at - 1] !== number - 1);
  const ends = sorted.filter((number, at) => sorted[at + 1] !== number + 1);
  return parseMultirange(`{${starts.map((from, at) => `[${from},${(ends[at] ?? from) + 1})`).join(',')}}`);
}
