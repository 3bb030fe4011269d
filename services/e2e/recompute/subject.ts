import type { Protocol } from '../../../catalog/schema/protocol.ts';
import type { Api } from './api.ts';
import type { Patience } from './comparison.ts';
import type { RawChain } from './raw-chain.ts';

/** What is tried, and by what. */
export interface Subject {
  readonly api: Api;
  /** The nodes of networks, by network. What is said of others is not computed. */
  readonly chains: ReadonlyMap<string, RawChain>;
  /** The first block that there is to hold of each network; 0 of those that are not here. */
  readonly startBlocks: ReadonlyMap<string, number>;
  /** What the catalog counts. */
  readonly protocols: readonly Protocol[];
  readonly windows: readonly string[];
  readonly patience: Patience;
  /** Nothing moves: every answer has to reach up to the newest block and down to the first. */
  readonly stands: boolean;
}
