import type { Interval } from '../datasets/chain/intervals.ts';
import type { BlocksReading, EvmReader } from './evm/evm-reader.ts';

/** Reads that wait for those above them to be committed, and reads in flight: the two bound what a network holds in memory. */
const readsWaitingMax = 4;
const readsInFlightMax = 8;

interface Read extends Interval {
  readonly done: Promise<BlocksReading>;
  reading: BlocksReading | undefined;
}

/**
 * The blocks of a gap from its upper end down, recent blocks being worth more than old ones: ranges are read in parallel and given
 * in order, as many at once as were read meanwhile and fit one commit.
 */
export async function* readGap(
  reader: EvmReader,
  gap: Interval,
  { blocksPerCommitMax, signal }: { readonly blocksPerCommitMax: number; readonly signal: AbortSignal },
): AsyncGenerator<readonly BlocksReading[]> {
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const reads: Read[] = [];
  let inFlight = 0;
  let nextTo = gap.to;

  function readAhead(): void {
    while (
      nextTo >= gap.from &&
      !stop.signal.aborted &&
      inFlight < readsInFlight(reader) &&
      reads.length < inFlight + readsWaitingMax
    ) {
      const range = { from: Math.max(gap.from, nextTo - blocksPerRead(reader, blocksPerCommitMax) + 1), to: nextTo };
      const done = reader.readHistory(range, stop.signal);
      const read: Read = { ...range, done, reading: undefined };
      inFlight++;
      // One that fails is thrown when its turn comes, which may be later.
      done.then(
        (reading) => {
          read.reading = reading;
          inFlight--;
          readAhead();
        },
        () => inFlight--,
      );
      reads.push(read);
      nextTo = range.from - 1;
    }
  }

  try {
    for (;;) {
      readAhead();
      const next = reads.shift();
      if (next === undefined) return;
      const readings = [await next.done];
      // What was read meanwhile and follows goes into the same commit.
      let blocks = readings[0]?.blocks.length ?? 0;
      for (
        let after = reads[0];
        after?.reading !== undefined && blocks + after.reading.blocks.length <= blocksPerCommitMax;
        after = reads[0]
      ) {
        reads.shift();
        readings.push(after.reading);
        blocks += after.reading.blocks.length;
      }
      yield readings;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    stop.abort(new Error('the gap is planned anew'));
  }
}

function readsInFlight(reader: EvmReader): number {
  const now = performance.now();
  const usable = reader.endpoints.filter((each) => each.availableAtMs() <= now);
  const allowed = usable.reduce((sum, each) => sum + each.appetite().inFlight, 0);
  return Math.max(1, Math.min(readsInFlightMax, allowed));
}

function blocksPerRead(reader: EvmReader, blocksPerCommitMax: number): number {
  const sizes = reader.endpoints.filter((each) => each.admitted).map((each) => each.appetite().blocks);
  return Math.max(1, Math.min(blocksPerCommitMax, ...(sizes.length > 0 ? [Math.max(...sizes)] : [])));
}
