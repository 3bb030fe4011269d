import type { Market } from '../../market-collector/binance/messages.ts';
import { createLadder, type PriceLadder, setLevel, sizeAt } from './price-ladder.ts';
import { type Grid, gridOf, gridSteps, type SymbolSpec } from './symbol-spec.ts';

export type Side = 'bid' | 'ask';

/** One change of one level. The size is what is left there; 0: gone. */
export interface BookChange {
  readonly side: Side;
  /** The key of the level in its side's ladder. */
  readonly key: number;
  /** When an order took from the level: how much, in steps. */
  readonly traded?: number;
}

/** A book that lives: orders are placed near the top, resized, cancelled and taken, and now and then far below it. */
export interface BookModel {
  readonly bids: PriceLadder;
  readonly asks: PriceLadder;
  readonly price: Grid;
  readonly size: Grid;
  /** Makes one order's changes, one after the other; a side never becomes empty. */
  next(changed: (change: BookChange) => void): void;
}

const defaultLevels = 600;
/** Of one level, about, in the quote asset. */
const usualNotional = 2_000;
const fewestLevels = 2;

/** `random` gives numbers in [0, 1). */
export function createBookModel(spec: SymbolSpec, market: Market, random: () => number): BookModel {
  const price = gridOf(spec.tickSize, market);
  const size = gridOf(spec.stepSize, market);
  const { levels = defaultLevels } = spec;
  const bids = createLadder();
  const asks = createLadder();
  const start = Math.max(2, gridSteps(spec.price, price));
  const usualSize = Math.max(10, gridSteps(usualNotional / spec.price, size));
  /** How many ticks are next to nothing at this price: 1 of 0.0001 at 12, some twenty of 0.01 at 110,000. */
  const scale = Math.max(1, start * 2e-6);
  let anchor = start;

  const ladderOf = (side: Side): PriceLadder => (side === 'bid' ? bids : asks);
  const bestOf = ({ keys }: PriceLadder): number => keys[keys.length - 1] as number;
  const drawSize = (): number => Math.max(1, Math.floor(usualSize * (0.02 + 4 * random() ** 3)));
  /** Small numbers mostly: half of them below `scale`. */
  const drawDistance = (scale: number): number => Math.floor(-Math.log(1 - random()) * scale);
  const spread = (): number => -bestOf(asks) - bestOf(bids);

  fill(bids, start - 1);
  fill(asks, -start);

  /** From the best outwards: every tick at first, ever wider steps further down, and nothing at or below a price of zero. */
  function fill(ladder: PriceLadder, best: number): void {
    const keys: number[] = [];
    for (let key = best, n = 0; n < levels && key !== 0; n++) {
      keys.push(key);
      const next = key - 1 - drawDistance((4 * scale * n) / levels);
      if (best > 0 && next < 1) break;
      key = next;
    }
    for (const key of keys.reverse()) {
      ladder.keys.push(key);
      ladder.sizes.push(drawSize());
    }
  }

  /** The side that is more likely to push its price: the one that leads back to where the price belongs. */
  function drawSide(): Side {
    const away = (anchor - (bestOf(bids) + spread() / 2)) / (40 * scale);
    return random() < 0.5 + Math.max(-0.35, Math.min(0.35, away)) ? 'bid' : 'ask';
  }

  function place(side: Side, key: number, changed: (change: BookChange) => void): void {
    if (side === 'bid' ? key < 1 || key >= -bestOf(asks) : -key <= bestOf(bids)) return;
    const ladder = ladderOf(side);
    const before = sizeAt(ladder, key);
    const drawn = drawSize();
    setLevel(ladder, key, drawn === before ? drawn + 1 : drawn);
    changed({ side, key });
  }

  function cancel(side: Side, fromBest: number, changed: (change: BookChange) => void): void {
    const ladder = ladderOf(side);
    const { keys } = ladder;
    if (keys.length <= Math.min(fewestLevels, levels)) return;
    const key = keys[Math.max(0, keys.length - 1 - fromBest)] as number;
    setLevel(ladder, key, 0);
    changed({ side, key });
  }

  /** An order takes from the best of this side, and sometimes through several levels. */
  function take(side: Side, changed: (change: BookChange) => void): void {
    const ladder = ladderOf(side);
    let wanted = random() < 0.25 ? drawSize() * 3 : Math.max(1, Math.floor(drawSize() / 4));
    for (let taken = 0; wanted > 0 && taken < 5; taken++) {
      const key = bestOf(ladder);
      const there = sizeAt(ladder, key);
      const whole = wanted >= there;
      if (whole && ladder.keys.length <= Math.min(fewestLevels, levels)) return;
      const traded = whole ? there : wanted;
      setLevel(ladder, key, there - traded);
      wanted -= traded;
      changed({ side, key, traded });
    }
  }

  /** The far levels of a side that has too many: a price that moves leaves them behind. */
  function clearOut(changed: (change: BookChange) => void): boolean {
    for (const side of ['bid', 'ask'] as const) {
      const held = ladderOf(side).keys.length;
      if (held <= levels * 1.05 + 1) continue;
      cancel(side, Math.floor((0.2 + 0.8 * random()) * held), changed);
      return true;
    }
    return false;
  }

  function next(changed: (change: BookChange) => void): void {
    anchor = Math.max(start / 2, Math.min(start * 2, anchor * (1 + (random() - 0.5) * 4e-5)));
    if (clearOut(changed)) return;
    const side = drawSide();
    const opposite = side === 'bid' ? 'ask' : 'bid';
    const ladder = ladderOf(side);
    const count = ladder.keys.length;
    const gap = spread();
    const kind = random();
    if (gap > 1 && kind < 0.08 + Math.min(0.6, gap / (60 * scale))) {
      place(side, bestOf(ladder) + 1 + drawDistance(Math.min(gap - 1, 8) / 4), changed);
    } else if (kind > 0.95) {
      // Far below the top: beyond what a snapshot shows, if the book is that deep.
      const far = Math.floor(random() * count);
      if (count > levels) cancel(side, far, changed);
      else place(side, (ladder.keys[count - 1 - far] as number) - 1 - drawDistance(4 * scale), changed);
    } else if (kind > 0.85) {
      take(opposite, changed);
    } else if (kind > 0.6 && count > levels * 0.8) {
      cancel(opposite, drawDistance(8), changed);
    } else {
      const any = random() < 0.5 ? side : opposite;
      place(any, bestOf(ladderOf(any)) - drawDistance(random() < 0.5 ? 8 : 8 * scale), changed);
    }
  }

  return { bids, asks, price, size, next };
}
