import type { BlockAppended, ChainEvent } from './changes.ts';
import {
  arbitrumInternalType,
  depositType,
  entryPoints,
  l1AttributesDepositor,
  userOperationTopic,
} from './user-operations.ts';
import type { ChainWindow, Percentiles, WindowFees, WindowSpread } from './windows.ts';

// What the windows of a network should be, computed in the plainest way from a log of its changes, for tests: the canonical chain
// in a map, one window at a time, BigInt throughout.

export interface ChainModel {
  /** By number. */
  readonly blocks: ReadonlyMap<number, BlockAppended>;
  /** When blocks were seen to become final, by number; in milliseconds. */
  readonly finalAt: ReadonlyMap<number, number>;
  /** Windows that ever had to do with a block, by start. */
  windows(seconds: number): ReadonlyMap<number, Omit<ChainWindow, 'version'>>;
}

const lateness = 60;

/** The log as it is read, repetitions included. */
export function modelOf(log: readonly ChainEvent[]): ChainModel {
  const blocks = new Map<number, BlockAppended>();
  const finalAt = new Map<number, number>();
  const times: { at: number; reached: number; isNew: boolean }[] = [];
  let reached = 0;
  let highest = 0;
  for (const event of log) {
    const isNew = event.seq > highest;
    highest = Math.max(highest, event.seq);
    if (event.kind !== 'finalized') {
      times.push({ at: event.timestamp, reached, isNew });
      reached = Math.max(reached, event.timestamp);
    }
    if (!isNew) continue;
    if (event.kind === 'appended') blocks.set(event.number, event);
    else if (event.kind === 'retracted') {
      blocks.delete(event.number);
      finalAt.delete(event.number);
    } else if (event.fromNumber !== null) {
      for (let number = event.fromNumber; number <= event.number; number++) finalAt.set(number, event.observedAtMs);
    }
  }
  return {
    blocks,
    finalAt,
    windows: (seconds) => {
      const startOf = (at: number): number => at - (at % seconds);
      const starts = new Set(times.map(({ at }) => startOf(at)));
      return new Map(
        [...starts].map((start) => {
          const closesAt = start + seconds + lateness;
          const late = times.filter(
            (each) => each.isNew && startOf(each.at) === start && each.reached >= closesAt,
          ).length;
          const of = [...blocks.values()].filter((block) => startOf(block.timestamp) === start);
          return [start, { ...windowOf(start, seconds, of, blocks, finalAt), late, closed: reached >= closesAt }];
        }),
      );
    },
  };
}

/** What these blocks of a chain are as a window. */
export function windowOf(
  start: number,
  seconds: number,
  unordered: readonly BlockAppended[],
  all: ReadonlyMap<number, BlockAppended>,
  finalAt: ReadonlyMap<number, number>,
): Omit<ChainWindow, 'version' | 'late' | 'closed'> {
  const blocks = [...unordered].sort((a, b) => a.number - b.number);
  const [first, last] = [blocks[0], blocks.at(-1)];
  const txs = blocks.flatMap((block) => block.txs);
  const statuses = txs.filter(({ status }) => status !== null);
  const priced = txs.flatMap(({ gasUsed, effectiveGasPrice }) =>
    effectiveGasPrice === null
      ? []
      : [{ fee: BigInt(gasUsed) * BigInt(effectiveGasPrice), price: BigInt(effectiveGasPrice) }],
  );
  const l1Fees = txs.flatMap(({ l1Fee }) => (l1Fee === null ? [] : [BigInt(l1Fee)]));
  const baseFees = blocks
    .flatMap(({ baseFeePerGas }) => (baseFeePerGas === null ? [] : [BigInt(baseFeePerGas)]))
    .sort(ascending);
  const blockTimes = blocks.flatMap(({ number, timestamp }) => {
    const parent = all.get(number - 1);
    return parent === undefined ? [] : [timestamp - parent.timestamp];
  });
  const finalities = blocks.flatMap(({ number, timestamp }) => {
    const at = finalAt.get(number);
    return at === undefined ? [] : [at - timestamp * 1000];
  });
  const isOlder =
    first !== undefined && (first.number === 0 || (all.get(first.number - 1)?.timestamp ?? Infinity) < start);
  const isYounger = last !== undefined && (all.get(last.number + 1)?.timestamp ?? 0) >= start + seconds;
  const isWhole = first !== undefined && last !== undefined && last.number - first.number + 1 === blocks.length;
  const spread = spreadOf(blockTimes);
  return {
    start,
    blocks: blocks.length,
    firstBlock: first?.number ?? null,
    lastBlock: last?.number ?? null,
    complete: isOlder && isYounger && isWhole,
    transactions: txs.length,
    failedTransactions:
      statuses.length === 0 && txs.length > 0 ? null : statuses.filter(({ status }) => status === 0).length,
    contractCreations: txs.filter(({ recipient }) => recipient === null).length,
    userOperations: blocks.reduce((sum, block) => sum + userOperationsOf(block), 0),
    logs: blocks.reduce((sum, block) => sum + block.logs.length, 0),
    activeSenders: new Set(txs.map(({ sender }) => sender)).size,
    activeAddresses: new Set(txs.flatMap(({ sender, recipient }) => [sender, recipient ?? sender])).size,
    gasUsed: sumOf(blocks.map(({ gasUsed }) => BigInt(gasUsed))).toString(),
    gasLimit: sumOf(blocks.map(({ gasLimit }) => BigInt(gasLimit))).toString(),
    baseFeePerGas:
      baseFees.length === 0
        ? null
        : {
            min: String(baseFees[0]),
            mean: String(sumOf(baseFees) / BigInt(baseFees.length)),
            max: String(baseFees.at(-1)),
          },
    executionFees: feesOf(priced.map(({ fee }) => fee)),
    l1DataFees: feesOf(l1Fees),
    gasPrice: percentilesOf(priced.map(({ price }) => price)),
    blockSeconds:
      spread === null ? null : { ...spread, mean: blockTimes.reduce((a, b) => a + b, 0) / blockTimes.length },
    finalityMs: spreadOf(finalities),
  };
}

function userOperationsOf({ txs, logs }: BlockAppended): number {
  let operations = 0;
  for (const { index, type, sender } of txs) {
    if (type === arbitrumInternalType || (type === depositType && sender === l1AttributesDepositor)) continue;
    const carried = logs.filter(
      ({ txIndex, address, topics }) =>
        txIndex === index && topics[0] === userOperationTopic && entryPoints.some((entry) => entry === address),
    );
    operations += carried.length === 0 ? 1 : carried.length;
  }
  return operations;
}

function feesOf(fees: readonly bigint[]): WindowFees | null {
  if (fees.length === 0) return null;
  const fits = fees.every((fee) => fee < 2n ** 256n);
  return {
    transactions: fees.length,
    total: sumOf(fees).toString(),
    percentiles: fits ? percentilesOf(fees) : null,
  };
}

function percentilesOf(values: readonly bigint[]): Percentiles | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort(ascending);
  const at = (share: number): string => String(sorted[Math.floor(share * sorted.length)]);
  return { p10: at(0.1), p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99) };
}

function spreadOf(values: readonly number[]): WindowSpread | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * sorted.length)] as number;
  return { count: values.length, p50: at(0.5), p95: at(0.95), max: sorted.at(-1) as number };
}

function sumOf(values: readonly bigint[]): bigint {
  return values.reduce((a, b) => a + b, 0n);
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
