import type { Header } from './evm/parse-block.ts';

/** Headers asked for at once: a quarter of the range stays after each answer. */
const probes = 3;

export interface FirstSince {
  readonly number: number;
  /** The block before it could not be had, so that it may as well be the first of that age or not. */
  readonly isEdge: boolean;
}

/**
 * The first block from `from` to `head` that was made at `time` (Unix seconds) or later; the head if even that is older. Found by
 * dividing, since time never goes back along a chain, by every chain's own rules. Headers that are not to be had are taken for older
 * ones: a node that lacks some lacks the oldest.
 */
export async function findFirstSince(
  readHeaders: (numbers: readonly number[]) => Promise<readonly (Header | undefined)[]>,
  { from, head, time }: { readonly from: number; readonly head: Header; readonly time: number },
): Promise<FirstSince> {
  let [low, high] = [from, head.number];
  let isEdge = false;
  while (low < high) {
    const width = high - low;
    const numbers = [
      ...new Set(Array.from({ length: probes }, (_, at) => low + Math.floor((width * (at + 1)) / (probes + 1)))),
    ];
    const headers = await readHeaders(numbers);
    const first = headers.findIndex((header) => header !== undefined && header.timestamp >= time);
    const before = first < 0 ? numbers.length - 1 : first - 1;
    high = numbers[first] ?? high;
    const older = numbers[before];
    if (older !== undefined) {
      low = older + 1;
      isEdge = headers[before] === undefined;
    }
  }
  return { number: high, isEdge };
}
