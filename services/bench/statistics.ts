import type { Subject } from './bench.ts';

/** The figures of one subject in one unit over all its runs. */
export interface Series {
  readonly subject: string;
  readonly role: Subject['role'];
  readonly unit: string;
  readonly values: readonly number[];
}

export interface Result {
  readonly subject: string;
  readonly unit: string;
  readonly runs: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** This subject's median divided by ours in the same unit: 0.1 blocks/s means that ours is ten times as fast. */
  readonly ratioToOurs: number | null;
  /** The same, divided by the limit's. */
  readonly ratioToLimit: number | null;
}

/** One result for each series that has values, in the order given. Ratios are null where there is nothing to divide by. */
export function compare(series: readonly Series[]): Result[] {
  const medianOf = (role: Series['role'], unit: string) => {
    const found = series.find((one) => one.role === role && one.unit === unit && one.values.length > 0);
    return found === undefined ? undefined : median(found.values);
  };
  return series
    .filter(({ values }) => values.length > 0)
    .map(({ subject, unit, values }) => ({
      subject,
      unit,
      runs: values.length,
      median: median(values),
      min: Math.min(...values),
      max: Math.max(...values),
      ratioToOurs: ratio(median(values), medianOf('ours', unit)),
      ratioToLimit: ratio(median(values), medianOf('limit', unit)),
    }));
}

/** The middle value, or the mean of the two middle ones. @throws RangeError of no values */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError('The median of no values is asked for.');
  return lower + (upper - lower) / 2;
}

function ratio(value: number, base: number | undefined): number | null {
  return base === undefined || base === 0 ? null : value / base;
}
