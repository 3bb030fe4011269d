import type { RangePlan } from './input.ts';

/** How many different ranges a plan has. */
export function rangesOf({ firstBlock, lastBlock, minBlocks }: RangePlan): number {
  const spare = lastBlock - firstBlock + 2 - minBlocks;
  return (spare * (spare + 1)) / 2;
}

/**
 * The path of the `at`th range, counted from 0: all are different until all have come. The longest come first, so that the
 * first some thousand are of about one length, and cost about the same.
 */
export function rangePath(plan: RangePlan, at: number): string {
  const place = at % rangesOf(plan);
  // There is one range of all blocks, two of one block less, three of two less, …
  const less = Math.floor((Math.sqrt(8 * place + 1) - 1) / 2);
  const from = plan.firstBlock + place - (less * (less + 1)) / 2;
  const length = plan.lastBlock - plan.firstBlock + 1 - less;
  return `${plan.path}?fromBlock=${from}&toBlock=${from + length - 1}`;
}
