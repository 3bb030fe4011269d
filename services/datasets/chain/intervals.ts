/** A closed range of block numbers. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** Disjoint, non-touching intervals in ascending order: the block numbers that are held. */
export type Intervals = readonly Interval[];

/** The set without the numbers of `removed`. */
export function removeInterval(set: Intervals, removed: Interval): Intervals {
  return set.flatMap((each) => {
    if (each.to < removed.from || each.from > removed.to) return [each];
    const left = { from: each.from, to: removed.from - 1 };
    const right = { from: removed.to + 1, to: each.to };
    return [left, right].filter((part) => part.from <= part.to);
  });
}

/** The numbers of `whole` that the set lacks, ascending. */
export function gapsIn(set: Intervals, whole: Interval): Intervals {
  return set.reduce<Intervals>((gaps, held) => removeInterval(gaps, held), whole.from <= whole.to ? [whole] : []);
}

/** The interval that holds `number`, if any does. */
export function findIntervalOf(set: Intervals, number: number): Interval | undefined {
  return set.find((each) => each.from <= number && number <= each.to);
}

/** How many numbers the set holds. */
export function countOf(set: Intervals): number {
  return set.reduce((sum, each) => sum + each.to - each.from + 1, 0);
}

/** Reads PostgreSQL's text of an int8multirange of block numbers, which it normalises to half-open ranges: `{[0,5),[7,9)}`. */
export function parseMultirange(text: string): Intervals {
  if (!/^\{(\[\d+,\d+\)(,(?=\[)|(?=\})))*\}$/.test(text)) throw new Error(`not an int8multirange: ${text}`);
  return [...text.matchAll(/\[(\d+),(\d+)\)/g)].map((match) => {
    const [from, end] = [Number(match[1]), Number(match[2])];
    if (!Number.isSafeInteger(from) || !Number.isSafeInteger(end)) throw new Error(`not an int8multirange: ${text}`);
    return { from, to: end - 1 };
  });
}

/** The set of all numbers of the given intervals, which may overlap and be in any order. */
export function joinIntervals(intervals: readonly Interval[]): Intervals {
  const joined: Interval[] = [];
  for (const { from, to } of [...intervals].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last === undefined || from > last.to + 1) joined.push({ from, to });
    else joined[joined.length - 1] = { from: last.from, to: Math.max(last.to, to) };
  }
  return joined;
}
