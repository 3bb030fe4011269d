import { setTimeout as delay } from 'node:timers/promises';

/** A record as it came: what it says is read when its turn has come. */
export interface FetchedRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly offset: string;
  readonly timestamp: string;
}

export interface LanesOptions {
  /** Resolves once the records are durable. */
  readonly handle: (partition: number, records: readonly FetchedRecord[]) => Promise<void>;
  /** Remembers that all below `offset` are durable. What it throws is its own affair: the next one says it again. */
  readonly commit: (partition: number, offset: bigint) => Promise<void>;
  /** Whether a partition is left out when records are fetched; said again for one that is assigned anew. */
  readonly setPaused: (partition: number, paused: boolean) => void;
  /** Partitions handled at the same time. */
  readonly concurrency: number;
  /** Fetching stops while more than this is held. */
  readonly budgetBytes: number;
  /** How long a partition rests after its batch failed for the `attempt`th time in a row, from 1. Undefined: it is left out. */
  readonly retryAfterMs: (error: unknown, partition: number, attempt: number) => number | undefined;
  /** Told that what is fetched does not follow what was fetched before: offsets from `from` up to `to` were not there. */
  readonly onSkipped?: ((partition: number, from: bigint, to: bigint) => void) | undefined;
}

export interface Lanes {
  /**
   * From now on these partitions are ours and no others. Those that were ours before go on where they are: the answer says from
   * which offset they want to be fetched. Of the others, what is in hand may finish and nothing more is done.
   */
  assign(partitions: readonly number[]): Map<number, bigint>;
  /** Takes what was fetched; false if it is not wanted, or not any more. */
  add(partition: number, records: readonly FetchedRecord[]): boolean;
  /** Takes nothing more, drops what waits, and resolves when what is in hand is done and committed. */
  drain(): Promise<void>;
  /** Bytes of records that were fetched and are not done. */
  readonly heldBytes: number;
  /** Partitions that rest after a failure. */
  readonly resting: number;
  readonly assigned: readonly number[];
}

interface Lane {
  readonly partition: number;
  readonly queue: { readonly records: readonly FetchedRecord[]; readonly bytes: number }[];
  /** Of the last fetched record, plus one. */
  next: bigint | undefined;
  /** Below it all is durable, and `committed` is what the brokers know of that. */
  done: bigint | undefined;
  committed: bigint | undefined;
  /** In hand; or what an earlier lane of the partition had in hand is. */
  busy: boolean;
  resting: boolean;
  attempt: number;
  paused: boolean;
  closed: boolean;
}

/** A batch in hand and one that waits for it: the next is there when the first is done. */
const batchesPerLane = 2;

/**
 * What one member of a group holds of its partitions, each a lane of batches. Batches of a partition are handled one at a
 * time and in their order, those of several at the same time. A batch whose handler fails stays, and is given again as it
 * was; its partition is no longer fetched when another one waits behind it. So what is held is bounded: by `budgetBytes`, and
 * one answer of every broker, which was on its way.
 */
export function createLanes(options: LanesOptions): Lanes {
  const { handle, commit, setPaused, concurrency, budgetBytes, retryAfterMs, onSkipped } = options;
  const lanes = new Map<number, Lane>();
  /** What is in hand, by partition; also that of partitions lost since. */
  const inHand = new Map<number, Promise<void>>();
  const ending = new AbortController();
  let heldBytes = 0;

  const pause = (): void => {
    const isOver = heldBytes >= budgetBytes;
    for (const lane of lanes.values()) {
      const paused = ending.signal.aborted || isOver || lane.queue.length >= batchesPerLane;
      if (paused === lane.paused) continue;
      lane.paused = paused;
      setPaused(lane.partition, paused);
    }
  };

  const pump = (): void => {
    for (const lane of [...lanes.values()]) {
      if (inHand.size >= concurrency) break;
      const batch = lane.queue[0];
      if (batch === undefined || lane.busy || lane.resting || ending.signal.aborted) continue;
      // To the end of the line: all partitions have their turn.
      lanes.delete(lane.partition);
      lanes.set(lane.partition, lane);
      lane.busy = true;
      const working = work(lane, batch.records).finally(() => {
        inHand.delete(lane.partition);
        const successor = lanes.get(lane.partition);
        if (successor !== undefined) successor.busy = false;
        pump();
      });
      inHand.set(lane.partition, working);
    }
    pause();
  };

  const work = async (lane: Lane, records: readonly FetchedRecord[]): Promise<void> => {
    try {
      await handle(lane.partition, records);
    } catch (error) {
      lane.attempt += 1;
      const restMs = retryAfterMs(error, lane.partition, lane.attempt);
      if (restMs !== undefined) {
        if (!lane.closed) rest(lane, restMs);
        return;
      }
    }
    lane.attempt = 0;
    lane.done = endOf(records);
    if (lane.closed) return;
    drop(lane, 1);
    pause();
    await remember(lane);
  };

  const remember = async (lane: Lane): Promise<void> => {
    const { done } = lane;
    if (done === undefined || done === lane.committed) return;
    try {
      await commit(lane.partition, done);
      lane.committed = done;
    } catch {
      // The next batch, or the next assignment, says it again.
    }
  };

  const rest = (lane: Lane, restMs: number): void => {
    lane.resting = true;
    delay(restMs, undefined, { signal: ending.signal }).then(
      () => {
        lane.resting = false;
        pump();
      },
      () => {},
    );
  };

  /** The first `count` batches of a lane are held no longer. */
  const drop = (lane: Lane, count = lane.queue.length): void => {
    for (const { bytes } of lane.queue.splice(0, count)) heldBytes -= bytes;
  };

  const close = (lane: Lane): void => {
    lane.closed = true;
    lanes.delete(lane.partition);
    drop(lane);
  };

  return {
    assign: (partitions) => {
      const kept = new Map<number, bigint>();
      for (const lane of [...lanes.values()]) {
        if (!partitions.includes(lane.partition)) close(lane);
        else if (lane.next !== undefined) kept.set(lane.partition, lane.next);
      }
      for (const partition of partitions) {
        const lane = lanes.get(partition);
        if (lane === undefined) {
          lanes.set(partition, laneOf(partition, inHand.has(partition)));
          setPaused(partition, false);
        } else if (!lane.busy) void remember(lane);
      }
      pump();
      return kept;
    },
    add: (partition, records) => {
      const lane = lanes.get(partition);
      const last = records.at(-1);
      if (lane === undefined || last === undefined || ending.signal.aborted) return false;
      const bytes = records.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0);
      const first = BigInt(records[0]?.offset ?? 0);
      if (lane.next !== undefined && first > lane.next) onSkipped?.(partition, lane.next, first);
      lane.queue.push({ records, bytes });
      lane.next = endOf(records);
      heldBytes += bytes;
      pump();
      return true;
    },
    drain: async () => {
      ending.abort();
      pause();
      while (inHand.size > 0) await Promise.all(inHand.values());
      for (const lane of lanes.values()) drop(lane);
      lanes.clear();
    },
    get heldBytes() {
      return heldBytes;
    },
    get resting() {
      return [...lanes.values()].filter(({ resting }) => resting).length;
    },
    get assigned() {
      return [...lanes.keys()];
    },
  };
}

function laneOf(partition: number, busy: boolean): Lane {
  return {
    partition,
    queue: [],
    next: undefined,
    done: undefined,
    committed: undefined,
    busy,
    resting: false,
    attempt: 0,
    paused: false,
    closed: false,
  };
}

function endOf(records: readonly FetchedRecord[]): bigint {
  return BigInt(records.at(-1)?.offset ?? -1) + 1n;
}
