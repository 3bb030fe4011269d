import type { NetworkLoad } from './demand.ts';
import type { EventQueue } from './event-queue.ts';
import { callsPerBlock, pollSeconds, rpcCallsPerSecondMax } from './program.ts';
import type { Random } from './random.ts';

/** A network's changes of one commit, on their way. */
export interface Change {
  readonly network: string;
  /** Retracted ones included: they cost about as much. */
  readonly txs: number;
  readonly committedAt: number;
}

/** What networks do beside making blocks. */
export interface Behaviour {
  /** Share of networks that fill their history all the while, as fast as their endpoints allow. */
  readonly backfilling: number;
  /** Chance of a commit to replace blocks that were there, and how many at most. */
  readonly reorgChance: number;
  readonly reorgBlocksMax: number;
  /** Chance of a poll to find so many times as many transactions as usual. */
  readonly burstChance: number;
  readonly burstFactor: number;
}

export const usual: Behaviour = {
  ...{ backfilling: 0.02, reorgChance: 0.01, reorgBlocksMax: 5 },
  ...{ burstChance: 0.01, burstFactor: 10 },
};

const blocksPerBackfill = 100;

/** Each network is polled at a phase of its own, with some jitter; blocks come by their own cadence, and go in together. */
export function startSources(options: {
  readonly networks: readonly NetworkLoad[];
  readonly behaviour: Behaviour;
  readonly queue: EventQueue;
  readonly random: Random;
  readonly commit: (change: Change) => void;
}): void {
  const { networks, behaviour, queue, random, commit } = options;
  for (const network of networks) {
    let blocks = random.next();
    let last = 0;
    const poll = (now: number): void => {
      blocks += ((now - last) / network.blockSeconds) * (0.9 + 0.2 * random.next());
      last = now;
      const whole = Math.floor(blocks);
      blocks -= whole;
      if (whole > 0) {
        const burst = random.next() < behaviour.burstChance ? behaviour.burstFactor : 1;
        const retracted =
          random.next() < behaviour.reorgChance ? 1 + Math.floor(random.next() * behaviour.reorgBlocksMax) : 0;
        const txs = (whole * burst + 2 * retracted) * network.txsPerBlock;
        // Until endpoints have answered and the rows are committed.
        const committedAt = now + random.exponential(0.3);
        queue.at(committedAt, () => commit({ network: network.id, txs, committedAt }));
      }
      queue.at(now + pollSeconds * (0.95 + 0.1 * random.next()), poll);
    };
    queue.at(random.next() * pollSeconds, poll);
    if (random.next() < behaviour.backfilling) {
      const every = (blocksPerBackfill * callsPerBlock) / rpcCallsPerSecondMax;
      const fill = (now: number): void => {
        commit({ network: network.id, txs: blocksPerBackfill * network.txsPerBlock, committedAt: now });
        queue.at(now + every * (0.8 + 0.4 * random.next()), fill);
      };
      queue.at(random.next() * every, fill);
    }
  }
}
