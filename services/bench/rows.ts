import { createHash } from 'node:crypto';

/** Rows of one subject in the order that makes two subjects comparable: by code unit. */
export function sortRows(rows: readonly string[]): string[] {
  return rows.toSorted();
}

/** `sha256:<hex>` of rows that are sorted; equal for two subjects exactly when all their rows are. */
export function digestRows(sorted: readonly string[]): string {
  const hash = createHash('sha256');
  for (const row of sorted) hash.update(row).update('\n');
  return `sha256:${hash.digest('hex')}`;
}

export interface Difference {
  /** Position in the sorted rows, from 0. */
  readonly index: number;
  /** Undefined past the end of that side. */
  readonly left: string | undefined;
  readonly right: string | undefined;
}

/** The first place where two sorted lists of rows differ. */
export function findFirstDifference(left: readonly string[], right: readonly string[]): Difference | undefined {
  const length = Math.max(left.length, right.length);
  for (let index = 0; index < length; index++) {
    if (left[index] !== right[index]) return { index, left: left[index], right: right[index] };
  }
  return undefined;
}
