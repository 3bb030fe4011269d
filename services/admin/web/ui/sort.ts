/** What rows are sorted by; wei as bigint. */
export type SortValue = number | bigint | string | null | undefined;

const words = new Intl.Collator('en', { numeric: true });

/** Orders two values, `down` from high to low. What is not known comes last, whichever the order. */
export function compareValues(a: SortValue, b: SortValue, down: boolean): number {
  if (a === null || a === undefined) return b === null || b === undefined ? 0 : 1;
  if (b === null || b === undefined) return -1;
  const order = typeof a === 'string' && typeof b === 'string' ? words.compare(a, b) : a < b ? -1 : a > b ? 1 : 0;
  return down ? -order : order;
}
