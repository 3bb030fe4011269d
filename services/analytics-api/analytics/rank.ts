import type { MetricValue } from '../../contracts/analytics-metrics.ts';

export interface ToRank {
  readonly network: { readonly id: string };
  readonly value: MetricValue;
}

/**
 * By value; equal ones share a rank and stand by id, and the rank after them is that many further (1, 2, 2, 4). Those without a value
 * come last, without a rank. Decimal digits are compared exactly, whatever their size.
 */
export function rank<Entry extends ToRank>(
  entries: readonly Entry[],
  order: 'asc' | 'desc',
): (Entry & { readonly rank: number | null })[] {
  const sign = order === 'asc' ? 1 : -1;
  const sorted = entries
    .map((entry) => ({ entry, key: keyOf(entry.value) }))
    .sort((a, b) => {
      if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null) || byId(a, b);
      return a.key === b.key ? byId(a, b) : a.key < b.key ? -sign : sign;
    });
  const ranked: (Entry & { readonly rank: number | null })[] = [];
  let last: { key: number | bigint; rank: number } | undefined;
  for (const [at, { entry, key }] of sorted.entries()) {
    if (key === null) ranked.push({ ...entry, rank: null });
    else {
      if (last?.key !== key) last = { key, rank: at + 1 };
      ranked.push({ ...entry, rank: last.rank });
    }
  }
  return ranked;
}

function keyOf(value: MetricValue): number | bigint | null {
  return typeof value === 'string' ? BigInt(value) : value;
}

function byId(a: { readonly entry: ToRank }, b: { readonly entry: ToRank }): number {
  return a.entry.network.id < b.entry.network.id ? -1 : 1;
}
