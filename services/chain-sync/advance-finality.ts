import { findIntervalOf } from '../datasets/chain/intervals.ts';
import type { FinalitySeen } from '../datasets/chain/write.ts';
import type { HeadReading } from './evm/evm-reader.ts';
import type { HeldChain } from './held-chain.ts';

/** How a chain tells what is final. */
export interface FinalityRule {
  /** The chain has a finality tag: nothing is final but by it. */
  readonly hasFinalityTag: boolean;
  /** Blocks on top of a final one, where the chain has no finality tag. */
  readonly confirmations: number;
}

/** Looks at finality that are further apart than so many polls do not tell when it moved. */
const finalityPollsMax = 3;
const finalityGapMinMs = 10_000;

/** The last block that is final by what an endpoint said; undefined if it said nothing of it. */
export function finalNumberOf({ head, finalized }: HeadReading, rule: FinalityRule): number | undefined {
  return rule.hasFinalityTag ? finalized?.number : head.number - rule.confirmations;
}

/** When heads were read, by the wall's clock and by one that never jumps. */
export interface HeadsReadAt {
  readonly wallMs: number;
  readonly steadyMs: number;
}

/** Moves finality up to a block that we hold, on the word of an endpoint that has the same block there. */
export function createFinalityAdvance(
  held: HeldChain,
  rule: FinalityRule,
  intervalMs: number,
): (reading: HeadReading, readAt: HeadsReadAt) => Promise<void> {
  let lastFinality: { number: number; steadyMs: number } | undefined;

  /** Notes what is final by the heads read last; gives when that changed if the look before was not long ago. */
  function look(number: number, { wallMs, steadyMs }: HeadsReadAt): FinalitySeen | undefined {
    const before = lastFinality;
    // A node that is behind says less than another has said.
    lastFinality = { number: Math.max(number, before?.number ?? number), steadyMs };
    const gapMaxMs = Math.max(finalityGapMinMs, finalityPollsMax * intervalMs);
    if (before === undefined || steadyMs - before.steadyMs > gapMaxMs) return undefined;
    return { fromNumber: before.number + 1, observedAtMs: wallMs };
  }

  return (reading, readAt) =>
    held.inTurn(async () => {
      const { head, finalized } = reading;
      const { finalizedNumber, synced } = held.cursor();
      const now = finalizedNumber ?? -1;
      const number = finalNumberOf(reading, rule);
      if (number === undefined) return;
      const finalitySeen = look(number, readAt);
      if (number <= now) return;
      if (rule.hasFinalityTag) {
        if ((await held.findHash(number)) !== finalized?.hash) return;
      } else {
        const live = findIntervalOf(synced, head.number);
        if (live === undefined || number < live.from || (await held.findHash(head.number)) !== head.hash) return;
      }
      await held.commit({ finalizedNumber: number, finalitySeen });
    });
}
