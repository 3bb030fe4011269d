import type { DepthDiff } from './binance/messages.ts';

export interface BufferedDiff {
  readonly diff: DepthDiff;
  readonly receivedAtMs: number;
}

/** Diffs in order, of at most so many bytes of levels: the oldest go first, the newest is always kept. */
export interface DiffBuffer {
  /** How many old ones had to go for it. */
  push(diff: DepthDiff, receivedAtMs: number): number;
  diffs(): readonly BufferedDiff[];
  last(): DepthDiff | undefined;
  /** Gives what it held. */
  clear(): BufferedDiff[];
  readonly bytes: number;
}

/** What a diff costs beside the text of its levels. */
const overheadBytes = 200;

export function createDiffBuffer(bytesMax: number): DiffBuffer {
  let diffs: BufferedDiff[] = [];
  let bytes = 0;

  return {
    push(diff, receivedAtMs) {
      diffs.push({ diff, receivedAtMs });
      bytes += sizeOf(diff);
      let gone = 0;
      while (bytes > bytesMax && gone < diffs.length - 1) bytes -= sizeOf((diffs[gone++] as BufferedDiff).diff);
      if (gone > 0) diffs.splice(0, gone);
      return gone;
    },
    diffs: () => diffs,
    last: () => diffs.at(-1)?.diff,
    clear() {
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
