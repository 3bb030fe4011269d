/** Transactions a second over the last minute of a chain's own time. */
export interface Pace {
  /** A block that ends the chain now, or that left its end. Unix seconds. */
  add(timestamp: number, txs: number): void;
  remove(timestamp: number, txs: number): void;
  /** Null until a minute has been seen. */
  tps(): number | null;
}

const windowSeconds = 60;

export function createPace(): Pace {
  /** By second. */
  const counts = new Map<number, number>();
  let first: number | undefined;
  let newest = 0;
  return {
    add: (timestamp, txs) => {
      first ??= timestamp;
      newest = Math.max(newest, timestamp);
      if (timestamp > newest - windowSeconds) counts.set(timestamp, (counts.get(timestamp) ?? 0) + txs);
      for (const second of counts.keys()) if (second <= newest - windowSeconds) counts.delete(second);
    },
    remove: (timestamp, txs) => {
      const count = counts.get(timestamp);
      if (count !== undefined) counts.set(timestamp, Math.max(0, count - txs));
    },
    tps: () => {
      if (first === undefined || newest - first < windowSeconds) return null;
      let txs = 0;
      for (const count of counts.values()) txs += count;
      return Math.round((txs / windowSeconds) * 1000) / 1000;
    },
  };
}
