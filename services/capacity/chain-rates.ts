import type { NetworkLoad } from './demand.ts';
import { sumOf } from './need.ts';
import { pollSeconds } from './program.ts';

/** What networks together bring in a second. */
export interface ChainRates {
  readonly polls: number;
  /** Of one network at once: what is new at a poll goes in together. The stream processor gets these as they are. */
  readonly commits: number;
  readonly blocks: number;
  readonly txs: number;
}

export function ratesOf(networks: readonly NetworkLoad[]): ChainRates {
  return {
    polls: networks.length / pollSeconds,
    commits: sumOf(networks, ({ blockSeconds }) => 1 / Math.max(pollSeconds, blockSeconds)),
    blocks: sumOf(networks, ({ blockSeconds }) => 1 / blockSeconds),
    txs: sumOf(networks, ({ blockSeconds, txsPerBlock }) => txsPerBlock / blockSeconds),
  };
}
