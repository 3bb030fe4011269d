/** What was compared with what it must be, so that nobody takes an empty comparison for a good one. */
export interface Verified {
  /** Rows that the sources say there must be. */
  readonly rows: number;
  readonly lost: number;
  /** Rows too many: doubled, or of what is not so any more. */
  readonly doubled: number;
  /** What is wrong, in words; empty when nothing is. */
  readonly faults: readonly string[];
}

/** Compares rows as texts, whatever their order and the order of their fields. That nothing is to be there is a fault: it proves nothing. */
export function compareRows(where: string, held: readonly object[], expected: readonly object[]): Verified {
  const left = new Map<string, number>();
  for (const row of expected.map(textOf)) left.set(row, (left.get(row) ?? 0) + 1);
  const tooMany: string[] = [];
  for (const row of held.map(textOf)) {
    const count = left.get(row) ?? 0;
    if (count === 0) tooMany.push(row);
    else left.set(row, count - 1);
  }
  const missing = [...left].flatMap(([row, count]) => Array<string>(count).fill(row));
  const faults = [
    ...(expected.length === 0 ? [`${where}: there is nothing to compare with`] : []),
    ...(missing.length > 0 ? [`${where}: ${missing.length} missing, the first: ${missing[0]}`] : []),
    ...(tooMany.length > 0 ? [`${where}: ${tooMany.length} too many, the first: ${tooMany[0]}`] : []),
  ];
  return { rows: expected.length, lost: missing.length, doubled: tooMany.length, faults };
}

export function sumOf(parts: readonly Verified[]): Verified {
  const sum = (of: (part: Verified) => number): number => parts.reduce((total, part) => total + of(part), 0);
  return {
    rows: sum(({ rows }) => rows),
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    faults: parts.flatMap(({ faults }) => faults),
  };
}

function textOf(row: object): string {
  return JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
}
