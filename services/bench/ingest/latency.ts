import type { Relational, Transaction } from '../../stores/relational.ts';

/** How long rows took from their `received_at` to the commit that made them durable. */
export interface Latencies {
  readonly count: number;
  /** Milliseconds within which this share of the rows, from 0 to 1, was durable. NaN of none. */
  percentile(share: number): number;
}

/** Each row falls into the bucket of its milliseconds; what took longer than the last one, into the last one. */
const bucketCount = 600_000;

/** The store, and how long the rows took that are copied through it from `begin` on: known when their transaction is committed. */
export function measureLatencies(
  relational: Relational,
  now: () => number,
): { readonly relational: Relational; readonly latencies: Latencies; begin(): void } {
  const buckets = new Uint32Array(bucketCount);
  let count = 0;
  let begun = false;
  const add = (text: string, committedAtMs: number): void => {
    for (let start = 0; start < text.length; ) {
      const tookMs = committedAtMs - receivedAt(text, start);
      const bucket = Math.min(bucketCount - 1, Math.max(0, Math.round(tookMs)));
      buckets[bucket] = (buckets[bucket] ?? 0) + 1;
      count++;
      start = text.indexOf('\n', start) + 1;
    }
  };
  return {
    relational: {
      ...relational,
      transaction: async (work) => {
        const copied: string[] = [];
        const result = await relational.transaction((tx) => work(watched(tx, copied)));
        const committedAtMs = now();
        if (begun) for (const text of copied) add(text, committedAtMs);
        return result;
      },
    },
    latencies: {
      get count() {
        return count;
      },
      percentile: (share) => {
        let left = Math.ceil(count * share);
        if (left === 0) return Number.NaN;
        const found = buckets.findIndex((inIt) => {
          left -= inIt;
          return left <= 0;
        });
        return found;
      },
    },
    begin: () => {
      begun = true;
    },
  };
}

function watched(tx: Transaction, copied: string[]): Transaction {
  return {
    query: (text, values) => tx.query(text, values),
    copy: (target, text) => {
      if (typeof text !== 'string') throw new Error('Rows are expected as one text.');
      copied.push(text);
      return tx.copy(target, text);
    },
  };
}

/** The second column of a row of copy-rows.ts. */
function receivedAt(text: string, rowStart: number): number {
  const start = text.indexOf('\t', rowStart) + 1;
  return Date.parse(text.slice(start, text.indexOf('\t', start)));
}
