/** Transactions a second over the last minute of a chain's own time. */
export interface Pace {
  /** A block that ends the chain now, or that left its end. Unix seconds. */
  add(timestamp: number, txs: number): void;
  remove(timestamp: number, txs: number): void;
  /** Null until a minute has been seen. */
  tps(): number | null;
}

const windowSeconds = 60;
/** What a reorganisation brings back into the minute is still known. */
const keptSeconds = 2 * windowSeconds;

export function createPace(): Pace {
  /** What the chain has, by second. */
  const seconds = new Map<number, { blocks: number; txs: number }>();
  /** All blocks since then are known. */
  let knownFrom: number | undefined;

  function newest(): number | undefined {
    let highest: number | undefined;
    for (const second of seconds.keys()) if (highest === undefined || second > highest) highest = second;
    return highest;
  }

  return {
    add: (timestamp, txs) => {
      knownFrom ??= timestamp;
      const held = seconds.get(timestamp) ?? { blocks: 0, txs: 0 };
      seconds.set(timestamp, { blocks: held.blocks + 1, txs: held.txs + txs });
      const kept = timestamp - keptSeconds;
      if (kept <= knownFrom) return;
      knownFrom = kept;
      for (const second of seconds.keys()) if (second <= kept) seconds.delete(second);
    },
    remove: (timestamp, txs) => {
      const held = seconds.get(timestamp);
      if (held === undefined) return;
      if (held.blocks === 1) seconds.delete(timestamp);
      else seconds.set(timestamp, { blocks: held.blocks - 1, txs: held.txs - txs });
    },
    tps: () => {
      const end = newest();
      if (knownFrom === undefined || end === undefined || end - knownFrom < windowSeconds) return null;
      let txs = 0;
      for (const [second, held] of seconds) if (second > end - windowSeconds) txs += held.txs;
      return Math.round((txs / windowSeconds) * 1000) / 1000;
    },
  };
}
