/** What every subject of the chain bench gets: a range of blocks of a node. */
export interface ChainInput {
  readonly url: string;
  readonly chainId: number;
  readonly firstBlock: number;
  /** Inclusive; final by the rule of every subject, as more blocks lie on it. */
  readonly lastBlock: number;
  /** All accounts that send transactions: some subjects can be asked only by address. */
  readonly senders: readonly string[];
}

export function blockCount({ firstBlock, lastBlock }: ChainInput): number {
  return lastBlock - firstBlock + 1;
}
