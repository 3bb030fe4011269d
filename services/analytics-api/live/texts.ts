import type { Decimal, Hex } from '../../datasets/chain/block.ts';
import type { BlockAppended, BlockRetracted, BlocksFinalized } from '../../datasets/chain/changes.ts';
import { type BlockFees, feeSpreadsOf, feesOf, gasPricesOf } from './fees.ts';

// What is told of events, as JSON without its braces: written once, whoever it is for.

/** A block, as the channel `blocks` tells it. */
export interface BlockNote {
  readonly number: number;
  readonly hash: Hex;
  /** Unix seconds. */
  readonly timestamp: number;
  /** How many. */
  readonly transactions: number;
  readonly logs: number;
  readonly gasUsed: Decimal;
  readonly gasLimit: Decimal;
  readonly baseFeePerGas: Decimal | null;
  readonly fees: BlockFees;
}

export function noteOf(event: BlockAppended): BlockNote {
  const { number, hash, timestamp, txs, logs, gasUsed, gasLimit, baseFeePerGas } = event;
  const counts = { transactions: txs.length, logs: logs.length };
  return { number, hash, timestamp, ...counts, gasUsed, gasLimit, baseFeePerGas, fees: feesOf(txs) };
}

export function blockText(note: BlockNote): string {
  return inner(note);
}

export function retractedText({ number, hash, timestamp }: BlockRetracted): string {
  return inner({ number, hash, timestamp });
}

export function finalizedText({ number, observedAtMs }: BlocksFinalized): string {
  return inner({ number, observedAt: observedAtMs });
}

/** The fees of one block, those of L2 and of L1 apart. */
export function gasText(event: BlockAppended): string {
  const { seq, number, hash, timestamp, txs, gasUsed, gasLimit, baseFeePerGas } = event;
  const spreads = feeSpreadsOf(txs);
  const fees = { gasPrice: gasPricesOf(txs), executionFees: spreads.execution, l1DataFees: spreads.l1Data };
  return inner({ chainSeq: seq, number, hash, timestamp, gasUsed, gasLimit, baseFeePerGas, ...fees });
}

/** JSON of an object without its braces. */
export function inner(value: object): string {
  return JSON.stringify(value).slice(1, -1);
}
