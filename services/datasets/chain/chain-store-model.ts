import type { Block, Hex } from './block.ts';
import { type Intervals, parseMultirange } from './intervals.ts';
import { type ChainStore, type Cursor, StaleCursor, type Step } from './write.ts';

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
}

export function createChainStoreModel(): ChainStoreModel {
  let held = new Map<number, Block>();
  let genesisHash: Hex | null = null;
  let finalizedNumber: number | null = null;
  const changes: ModelChange[] = [];

  const cursor = (): Cursor => ({
    genesisHash,
    finalizedNumber,
    seq: changes.length,
    synced: intervalsOf([...held.keys()]),
  });

  return {
    changes,
    blocks: () => [...held.values()].sort((a, b) => a.number - b.number),
    loadCursor: async () => cursor(),
    pinGenesis: async (hash) => {
      genesisHash ??= hash;
    },
    commitStep: async (from, step) => {
      if (from.seq !== changes.length) throw new StaleCursor('another seq');
      const next = applyStep(held, step);
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
    readHashes: async ({ from, to }) =>
      new Map(
        [...held.values()]
          .filter(({ number }) => number >= from && number <= to)
          .map(({ number, hash }) => [number, hash]),
      ),
    findParentHash: async (number) => held.get(number)?.parentHash,
  };
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
