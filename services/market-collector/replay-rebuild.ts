/**
 * A book rebuilt from the messages of a recording as plainly as can be, by the letter of the exchange's document: Maps of price
 * text to size text. It is what other books are compared with, so it shares no code with them.
 */
export interface Rebuild {
  /** The data of a depthUpdate. Gives whether it was applied. */
  onDiff(data: DepthUpdateJson): boolean;
  /** The answer of a depth request. Gives the diffs, of those that came before, that it applied. */
  onSnapshot(snapshot: DepthJson): DepthUpdateJson[];
  /** Nothing is applied from a gap to the next snapshot. */
  readonly isWhole: boolean;
  /** The best first, sizes as they were sent. */
  levels(side: 'bid' | 'ask'): [price: string, size: string][];
  /** `bid bidSize ask askSize`, as they were sent; an empty side as 0. */
  best(): readonly [bid: string, bidSize: string, ask: string, askSize: string];
}

export interface DepthUpdateJson {
  readonly U: number;
  readonly u: number;
  readonly pu?: number;
  readonly b: readonly (readonly [price: string, size: string])[];
  readonly a: readonly (readonly [price: string, size: string])[];
}

export interface DepthJson {
  readonly lastUpdateId: number;
  readonly bids: readonly (readonly [price: string, size: string])[];
  readonly asks: readonly (readonly [price: string, size: string])[];
}

export function createRebuild(market: 'spot' | 'usdm' | 'coinm'): Rebuild {
  const bids = new Map<string, string>();
  const asks = new Map<string, string>();
  let earlier: DepthUpdateJson[] = [];
  let lastUpdateId: number | undefined;
  let isFirst = true;

  function isNext({ U, u, pu }: DepthUpdateJson, last: number): boolean {
    if (market === 'spot') return U <= last + 1 && u >= last + 1;
    return isFirst ? (U <= last || (pu ?? U) <= last) && u >= last : pu === last;
  }

  function take(diff: DepthUpdateJson): boolean {
    if (lastUpdateId === undefined) {
      earlier.push(diff);
      return false;
    }
    if (market === 'spot' || !isFirst ? diff.u <= lastUpdateId : diff.u < lastUpdateId) return false;
    if (!isNext(diff, lastUpdateId)) {
      lastUpdateId = undefined;
      earlier = [diff];
      return false;
    }
    for (const [price, size] of diff.b) set(bids, price, size);
    for (const [price, size] of diff.a) set(asks, price, size);
    lastUpdateId = diff.u;
    isFirst = false;
    return true;
  }

  return {
    onDiff: take,
    onSnapshot(snapshot) {
      bids.clear();
      asks.clear();
      for (const [price, size] of snapshot.bids) set(bids, price, size);
      for (const [price, size] of snapshot.asks) set(asks, price, size);
      lastUpdateId = snapshot.lastUpdateId;
      isFirst = true;
      const kept = earlier;
      earlier = [];
      return kept.filter(take);
    },
    get isWhole() {
      return lastUpdateId !== undefined;
    },
    levels(side) {
      const worst = side === 'bid' ? 1 : -1;
      return [...(side === 'bid' ? bids : asks)].sort(([a], [b]) => worst * (Number(b) - Number(a)));
    },
    best() {
      const [bid, bidSize] = bestOf(bids, (price, best) => price > best);
      const [ask, askSize] = bestOf(asks, (price, best) => price < best);
      return [bid, bidSize, ask, askSize];
    },
  };
}

function set(side: Map<string, string>, price: string, size: string): void {
  if (Number(size) === 0) side.delete(price);
  else side.set(price, size);
}

function bestOf(side: ReadonlyMap<string, string>, isBetter: (price: number, best: number) => boolean) {
  let best: readonly [price: string, size: string] | undefined;
  for (const level of side) if (best === undefined || isBetter(Number(level[0]), Number(best[0]))) best = level;
  return best ?? (['0', '0'] as const);
}
