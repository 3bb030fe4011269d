import type { DepthDiff } from './binance/messages.ts';

export interface BufferedDiff {
  readonly diff: DepthDiff;
  readonly receivedAtMs: number;
}

/** Diffs in order, of at most so many bytes: the oldest go first, the newest is always kept. */
export interface DiffBuffer {
  /** The old ones that had to go for it. */
  push(diff: DepthDiff, receivedAtMs: number): readonly BufferedDiff[];
  /** From the oldest on. */
  readonly diffs: readonly BufferedDiff[];
  /** Gives what it held. */
  clear(): readonly BufferedDiff[];
  readonly bytes: number;
}

/** What a diff costs beside the text of its levels. */
const overheadBytes = 200;

const none: readonly BufferedDiff[] = [];

export function createDiffBuffer(bytesMax: number): DiffBuffer {
  let diffs: BufferedDiff[] = [];
  let bytes = 0;

  return {
    push(diff, receivedAtMs) {
      diffs.push({ diff, receivedAtMs });
      bytes += sizeOf(diff);
      if (bytes <= bytesMax) return none;
      let gone = 0;
      // An eighth at once: making room for each diff by itself would move the whole buffer each time.
      while (bytes > (bytesMax * 7) / 8 && gone < diffs.length - 1)
        bytes -= sizeOf((diffs[gone++] as BufferedDiff).diff);
      return diffs.splice(0, gone);
    },
    get diffs() {
      return diffs;
    },
    clear() {
      if (diffs.length === 0) return none;
      const held = diffs;
      diffs = [];
      bytes = 0;
      return held;
    },
    get bytes() {
      return bytes;
    },
  };
}

function sizeOf({ bids, asks }: DepthDiff): number {
  return bids.length + asks.length + overheadBytes;
}
